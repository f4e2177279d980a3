import { Put } from '@nestjs/common';
import { CurrentExchange } from '../../../auth/exchange/contexts.js';
import type { Exchange } from '../../../auth/exchange/exchange.js';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidBody } from '../../input.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { Fresh } from '../../../auth/decorators/access.js';
import { SignInService } from '../../../auth/sign-in.service.js';
import { ChangePasswordDto } from './change-password.dto.js';
import { SignedInUserDto } from '../sessions/session.dto.js';
import { SessionView } from '../sessions/session-view.js';

/** Changes the password of the authenticated user. */
@ApiTag('users')
@CoatcheckController('users/me/password')
export class PasswordController {
  constructor(
    private readonly signIns: SignInService,
    private readonly view: SessionView,
  ) {}

  @Put()
  @Fresh('5m', ({ current_password }) => current_password === undefined || current_password === null)
  @ApiAction({
    id: 'changePassword',
    summary: 'Change my password',
    description:
      'Replaces the password. All sessions and access tokens end, and this client gets a new session. Without `current_password`, the password must have been confirmed recently.',
    refusals: [
      'current_password_wrong',
      'too_many_attempts',
      'too_many_requests',
      'busy',
      'session_limit_reached',
    ],
  })
  @ApiAnswer(200, {
    type: SignedInUserDto,
    headers: ['Set-Cookie'],
    description:
      'The user. The token of the new session is in `Set-Cookie` or in `token`. Both are absent if the store cannot take a new session: sign in again.',
  })
  async changePassword(
    @ValidBody(ChangePasswordDto) { current_password, new_password }: Readonly<ChangePasswordDto>,
    @CurrentExchange() exchange: Exchange,
  ) {
    const change = { current: current_password ?? null, next: new_password };
    const changed = await this.signIns.changePassword(change, exchange);
    return this.view.signedIn(changed, changed.issued);
  }
}
