import { Delete, HttpCode, Optional, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidBody } from '../../input.js';
import { AuditTrail } from '../../../audit/audit-trail.js';
import { initiatorOf } from '../../../auth/request-initiator.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { CurrentSession, CurrentUser, Public } from '../../../auth/decorators/access.js';
import { DomainError, invalid } from '../../../common/domain-error.js';
import { requesterOf } from '../../../auth/client-facts.js';
import type { Session, Transport } from '../../../sessions/session.js';
import type { User } from '../../../users/user.js';
import { UsersService } from '../../../users/users.service.js';
import { Auth } from '../../../auth/auth.js';
import { LoginDto } from './login.dto.js';
import { SignedInUserDto } from '../sessions/session.dto.js';
import { signInFailed, signedIn } from '../../../auth/sign-in-events.js';
import { SessionView } from '../sessions/session-view.js';

@ApiTag('session')
@CoatcheckController('auth_session')
export class AuthController {
  constructor(
    private readonly auth: Auth,
    private readonly users: UsersService,
    private readonly view: SessionView,
    @Optional() private readonly trail?: AuditTrail,
  ) {}

  @Post('login')
  @HttpCode(200)
  @Public()
  @ApiAction({
    id: 'signIn',
    summary: 'Sign in',
    description:
      'Opens a session. An unknown address, a wrong password and a disabled account get the same 401. If the request presents a session, that session ends.',
    refusals: [
      'credentials_invalid',
      'session_limit_reached',
      'too_many_attempts',
      'too_many_requests',
      'store_unavailable',
      'busy',
    ],
  })
  @ApiAnswer(200, {
    type: SignedInUserDto,
    headers: ['Set-Cookie'],
    description:
      'Signed in. A cookie session has its token in `Set-Cookie`. A bearer session has it in `token`, with `expires_at` and `idle_expires_at`.',
  })
  async login(
    @ValidBody(LoginDto) { email, password, remember, transport }: Readonly<LoginDto>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    const carrier = this.#transport(transport ?? null);
    const source = { ...requesterOf(request), tokenOwner: await this.auth.tokenOwner(request) };
    const verification = await this.users.verify(email, password, source);
    if (verification.outcome !== 'verified') {
      await this.trail?.record(signInFailed(verification, 'login'), initiatorOf(request));
      throw new DomainError('credentials_invalid');
    }
    const { user } = verification;
    const issued = await this.auth.signIn(
      user,
      { request, response },
      { transport: carrier, remember: remember ?? false, label: null },
    );
    await this.trail?.record(signedIn(user, issued?.session ?? null, 'login'), initiatorOf(request, user.id));
    // A strategy that issues less than its `transports` say must not tell which passwords are right.
    if (!issued) throw new DomainError('credentials_invalid');
    return this.view.signedIn(user, issued);
  }

  @Delete('logout')
  @ApiAction({
    id: 'signOut',
    summary: 'Sign out',
    description:
      'Ends the session of this request. A request with Basic authentication has no session and gets a 404.',
    refusals: ['not_found'],
  })
  @ApiAnswer(200, {
    headers: ['Set-Cookie', 'Clear-Site-Data'],
    description:
      'The session has ended. The browser deletes the cookie, and the data of this origin that `Clear-Site-Data` names.',
  })
  async logout(
    @CurrentUser() user: User,
    @CurrentSession() session: Session | null,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    if (!(await this.auth.signOut({ request, response }))) throw new DomainError('not_found');
    await this.trail?.record(
      { type: 'sign_out', subjectId: user.id, sessionId: session?.id ?? null },
      initiatorOf(request),
    );
    return {};
  }

  /** The transport that is asked for, or the usual one; a `validation_failed` where this server does not issue it. */
  #transport(asked: Transport | null): Transport {
    const [usual = 'cookie'] = this.auth.transports;
    const transport = asked ?? usual;
    if (this.auth.transports.includes(transport)) return transport;
    const [issued, other] =
      transport === 'bearer' ? ['session cookies', 'cookie'] : ['bearer tokens', 'bearer'];
    throw invalid(
      '/transport',
      `This server issues ${issued} only. Leave the field out, or send "${other}".`,
    );
  }
}
