import { Put, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidBody } from '../../input.js';
import type { Initiator } from '../../../audit/initiator.js';
import { CurrentInitiator } from '../../../auth/request-initiator.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { CurrentSession, CurrentUser, Fresh } from '../../../auth/decorators/access.js';
import type { Session } from '../../../sessions/session.js';
import { StoreUnavailableError } from '../../../common/domain-error.js';
import { SessionsService } from '../../../sessions/sessions.service.js';
import type { User } from '../../../users/user.js';
import { UsersService } from '../../../users/users.service.js';
import { Auth, type SignInOptions } from '../../../auth/auth.js';
import { ChangePasswordDto } from './change-password.dto.js';
import { SignedInUserDto } from '../sessions/session.dto.js';
import { SessionView } from '../sessions/session-view.js';

/** The password of whoever is asking, which their sessions hang on. */
@ApiTag('users')
@CoatcheckController('users/me/password')
export class PasswordController {
  constructor(
    private readonly auth: Auth,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
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
    @CurrentUser() user: User,
    @CurrentSession() session: Session | null,
    @CurrentInitiator() by: Initiator,
    @ValidBody(ChangePasswordDto) body: Readonly<ChangePasswordDto>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    const source = { ...by, tokenOwner: session ? user.id : null };
    const { current_password: current, new_password: next } = body;
    const changed =
      typeof current === 'string'
        ? await this.users.changePassword(user, current, next, source, by)
        : await this.users.setPassword(user, next, by);
    await this.sessions.endAll(user.id, 'password_changed', undefined, by);
    const signInOptions = session && optionsLike(session);
    const issued =
      signInOptions &&
      (await this.auth.signIn(changed, { request, response }, signInOptions).catch(noSession));
    return this.view.signedIn(changed, issued);
  }
}

/** The password has been changed: where the store takes no new session, the user signs in again. */
function noSession(error: unknown): null {
  if (error instanceof StoreUnavailableError) return null;
  throw error;
}

/** For a session like the one that is over; null for an access token, which is not made anew. */
function optionsLike({ kind, transport, label }: Session): SignInOptions | null {
  return kind === 'access_token' ? null : { transport, remember: kind === 'remembered', label };
}
