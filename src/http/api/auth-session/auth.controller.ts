import { Delete, HttpCode, Post } from '@nestjs/common';
import { CurrentExchange } from '../../../auth/exchange/contexts.js';
import type { Exchange } from '../../../auth/exchange/exchange.js';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidBody } from '../../input.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { Public } from '../../../auth/decorators/access.js';
import { DomainError, invalid } from '../../../common/domain-error.js';
import { LoginDto } from './login.dto.js';
import { SignedInUserDto } from '../sessions/session.dto.js';
import { SignInService } from '../../../auth/sign-in.service.js';
import { SessionView } from '../sessions/session-view.js';

@ApiTag('session')
@CoatcheckController('auth_session')
export class AuthController {
  constructor(
    private readonly signIns: SignInService,
    private readonly view: SessionView,
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
  async signIn(
    @ValidBody(LoginDto) { email, login, password, remember, transport }: Readonly<LoginDto>,
    @CurrentExchange() exchange: Exchange,
  ) {
    const options = { transport: transport ?? undefined, remember: remember ?? false };
    const result = await this.signIns.signInWithPassword(
      { login: loginIn(email, login), password },
      exchange,
      options,
    );
    if (result.outcome !== 'signed_in') throw new DomainError('credentials_invalid');
    return this.view.signedIn(result, result);
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
  async logout(@CurrentExchange() exchange: Exchange) {
    if (!(await this.signIns.signOut(exchange))) throw new DomainError('not_found');
    return {};
  }
}

/** The one of the two names that was sent. */
function loginIn(email?: string, login?: string): string {
  if (email !== undefined && login !== undefined)
    throw invalid('/login', 'Send either `email` or `login`, not both.');
  return (email ?? login)!;
}
