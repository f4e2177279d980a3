import { HttpCode, Post } from '@nestjs/common';
import type { Initiator } from '../../../audit/initiator.js';
import { Public } from '../../../auth/decorators/access.js';
import { CurrentInitiator } from '../../../auth/request-initiator.js';
import { EmailService } from '../../../users/mails/email.service.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidBody } from '../../input.js';
import { AskForMailDto, EmailTokenDto } from './emails.dto.js';

const TOKEN_REFUSALS = ['email_token_invalid', 'too_many_attempts', 'store_unavailable'] as const;

/** The flows by e-mail. A GET changes nothing, because programs that scan mails open links. */
@ApiTag('users')
@CoatcheckController()
export class EmailsController {
  constructor(private readonly emails: EmailService) {}

  @Post('password/forgot')
  @HttpCode(202)
  @Public()
  @ApiAction({
    id: 'requestPasswordReset',
    summary: 'Ask for a mail to set a new password',
    description:
      'If there is such an account, its owner gets a mail with a token for `POST /password/reset`, valid for 30 minutes. The answer is the same if there is none.',
    refusals: ['too_many_mails', 'store_unavailable'],
  })
  @ApiAnswer(202, { description: 'The request was accepted.' })
  async forgot(
    @CurrentInitiator() by: Initiator,
    @ValidBody(AskForMailDto) { email }: Readonly<AskForMailDto>,
  ): Promise<object> {
    await this.emails.requestPasswordReset(email, by);
    return {};
  }

  @Post('email/verification')
  @HttpCode(202)
  @Public()
  @ApiAction({
    id: 'requestEmailVerification',
    summary: 'Ask for a mail that verifies an address',
    description:
      'If there is an account whose address is not verified, it gets a mail with a token for `POST /email/verify`, valid for 24 hours. The answer is the same if there is none.',
    refusals: ['too_many_mails', 'store_unavailable'],
  })
  @ApiAnswer(202, { description: 'The request was accepted.' })
  async requestVerification(
    @CurrentInitiator() by: Initiator,
    @ValidBody(AskForMailDto) { email }: Readonly<AskForMailDto>,
  ): Promise<object> {
    await this.emails.requestVerification(email, by);
    return {};
  }

  @Post('email/verify')
  @HttpCode(200)
  @Public()
  @ApiAction({
    id: 'verifyEmail',
    summary: 'Verify an address',
    description: 'With the token of the mail to that address. Each token can be used once.',
    refusals: TOKEN_REFUSALS,
  })
  @ApiAnswer(200, { description: 'The address is verified.' })
  async verify(
    @CurrentInitiator() by: Initiator,
    @ValidBody(EmailTokenDto) { token }: Readonly<EmailTokenDto>,
  ): Promise<object> {
    await this.emails.verify(token, by);
    return {};
  }

  @Post('email/confirm')
  @HttpCode(200)
  @Public()
  @ApiAction({
    id: 'confirmEmailChange',
    summary: 'Confirm a new address',
    description:
      'With the token of the mail to the new address. The account has the new address from then on, and the sessions stay.',
    refusals: TOKEN_REFUSALS,
  })
  @ApiAnswer(200, { description: 'The address was changed.' })
  async confirm(
    @CurrentInitiator() by: Initiator,
    @ValidBody(EmailTokenDto) { token }: Readonly<EmailTokenDto>,
  ): Promise<object> {
    await this.emails.confirmChange(token, by);
    return {};
  }

  @Post('email/cancel')
  @HttpCode(200)
  @Public()
  @ApiAction({
    id: 'cancelEmailChange',
    summary: 'Cancel or undo the change of an address',
    description:
      'With the token of the mail to the old address, for 72 hours. The account has the old address again, the password is revoked, and all sessions and access tokens end. The old address gets a mail to set a new password.',
    refusals: [...TOKEN_REFUSALS, 'email_taken', 'too_many_requests', 'busy'],
  })
  @ApiAnswer(200, { description: 'The change was cancelled.' })
  async cancel(
    @CurrentInitiator() by: Initiator,
    @ValidBody(EmailTokenDto) { token }: Readonly<EmailTokenDto>,
  ): Promise<object> {
    await this.emails.cancelChange(token, by);
    return {};
  }
}
