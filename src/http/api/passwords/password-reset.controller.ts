import { HttpCode, Param, Post } from '@nestjs/common';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidBody } from '../../input.js';
import type { Initiator } from '../../../audit/initiator.js';
import { CurrentInitiator } from '../../../auth/request-initiator.js';
import { Fresh, Public, ForAdmins } from '../../../auth/decorators/access.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { IssueResetDto, IssuedResetDto, ResetPasswordDto } from './reset-password.dto.js';
import { PasswordResetService } from '../../../users/password-reset.service.js';

/** Issues reset tokens, and sets new passwords with them. */
@ApiTag('users')
@CoatcheckController()
export class PasswordResetController {
  constructor(private readonly resets: PasswordResetService) {}

  @Post('users/:id/password_reset')
  @ForAdmins()
  @Fresh('5m')
  @ApiAction({
    id: 'issuePasswordReset',
    summary: "Issue a token that replaces a user's password",
    description:
      'For administrators. The token can be used once within 24 hours, and replaces an earlier one. Give it to the user.',
    refusals: ['not_found', 'too_many_requests', 'busy'],
    optionalBody: true,
  })
  @ApiAnswer(201, { type: IssuedResetDto, description: 'The token. Only this answer contains it.' })
  async issue(
    @CurrentInitiator() by: Initiator,
    @Param('id') id: string,
    @ValidBody(IssueResetDto) { revoke }: Readonly<IssueResetDto>,
  ): Promise<IssuedResetDto> {
    const { token, expiresAt } = await this.resets.issue(id, { revoke: revoke ?? false }, by);
    return { token: token.reveal(), expires_at: expiresAt.toISOString() };
  }

  @Post('password/reset')
  @HttpCode(200)
  @Public()
  @ApiAction({
    id: 'resetPassword',
    summary: 'Set a new password with a reset token',
    description:
      'All sessions and access tokens of the account end. If the new password is refused, the token stays valid.',
    refusals: ['reset_token_invalid', 'too_many_attempts', 'too_many_requests', 'store_unavailable', 'busy'],
  })
  @ApiAnswer(200, { description: 'The password was replaced.' })
  async reset(
    @CurrentInitiator() by: Initiator,
    @ValidBody(ResetPasswordDto) { token, new_password }: Readonly<ResetPasswordDto>,
  ): Promise<object> {
    await this.resets.reset(token, new_password, by);
    return {};
  }
}
