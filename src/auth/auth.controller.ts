import { Body, Controller, Delete, HttpCode, Optional, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuditTrail } from '../audit/audit-trail.js';
import { initiatorOf } from '../audit/initiator.js';
import { ApiAnswer, ApiTag } from '../common/api-notes.js';
import { CurrentSession, CurrentUser, Public } from '../common/access.js';
import { DomainError, invalid } from '../common/domain-error.js';
import { clientAddress } from '../http/client-facts.js';
import { CredentialsBody } from '../http/body-decorators.js';
import type { Session } from '../sessions/session.js';
import { userJson } from '../users/user-json.js';
import type { User } from '../users/user.js';
import { UsersOptions } from '../users/users-options.js';
import { UsersService } from '../users/users.service.js';
import { Auth } from './auth.js';
import { AuthOptions } from './auth-options.js';
import { LoginDto } from './dto/login.dto.js';
import { SignedInUserDto } from './dto/session.dto.js';
import { signInFailed, signedIn } from './sign-in-events.js';
import { withTicket } from './with-ticket.js';

@ApiTag('session')
@Controller('auth_session')
export class AuthController {
  constructor(
    private readonly auth: Auth,
    private readonly users: UsersService,
    private readonly usersOptions: UsersOptions,
    private readonly options: AuthOptions,
    @Optional() private readonly trail?: AuditTrail,
  ) {}

  @Post('login')
  @HttpCode(200)
  @Public()
  @CredentialsBody()
  @ApiAnswer(200, {
    type: SignedInUserDto,
    description: 'Signed in; `Set-Cookie` carries the ticket, or `token` where `bearer` was asked for.',
  })
  @ApiAnswer(429, { description: 'Too many attempts from this network failed.' })
  @ApiAnswer(401, {
    description: 'Unknown address, wrong password or disabled account: nobody is told which.',
  })
  async login(
    @Body() { email, password, remember, transport }: LoginDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    const claimant = { ip: clientAddress(request), ticketOf: await this.auth.holder(request) };
    const verification = await this.users.verify(email, password, claimant);
    if (verification.outcome !== 'verified') {
      await this.trail?.record(signInFailed(verification, 'login'), initiatorOf(request));
      throw new DomainError(this.options.dialect.loginFailure(verification.outcome));
    }
    const { user } = verification;
    const grant = await this.auth.signIn(
      user,
      { request, response },
      { transport: transport ?? 'cookie', remember: remember ?? false, label: null },
    );
    if (!grant) {
      const carrier = transport === 'bearer' ? 'bearer tokens' : 'session cookies';
      throw invalid('/transport', `This server does not issue ${carrier}.`);
    }
    await this.trail?.record(signedIn(user, grant.session, 'login'), initiatorOf(request, user.id));
    return withTicket(userJson(user, this.usersOptions.presentation), grant.token);
  }

  @Delete('logout')
  @ApiAnswer(200, {
    description:
      'The session is over, on every device that held this ticket; the browser deletes the cookie and, as `Clear-Site-Data` says, its cache of this origin.',
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
}
