import { Delete, HttpCode, Optional, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuditTrail } from '../../audit/audit-trail.js';
import { Auth, DEFAULT_SIGN_IN_OPTIONS } from '../../auth/auth.js';
import { requesterOf } from '../../auth/client-facts.js';
import { CurrentSession, CurrentUser, Public } from '../../auth/decorators/access.js';
import { initiatorOf } from '../../auth/request-initiator.js';
import { signInFailed, signedIn } from '../../auth/sign-in-events.js';
import { DomainError } from '../../common/domain-error.js';
import { CoatcheckController } from '../../http/coatcheck-controller.js';
import { ValidBody } from '../../http/input.js';
import type { Session } from '../../sessions/session.js';
import type { User } from '../../users/user.js';
import { UsersService } from '../../users/users.service.js';
import { alxUserJson } from './alx-user-json.js';
import { FormBody } from './form-body.js';
import { AlxLoginDto } from './login.dto.js';

@CoatcheckController('auth_session')
export class AlxAuthController {
  constructor(
    private readonly auth: Auth,
    private readonly users: UsersService,
    @Optional() private readonly trail?: AuditTrail,
  ) {}

  @Post('login')
  @HttpCode(200)
  @Public()
  @FormBody()
  async login(
    @ValidBody(AlxLoginDto) { email, password }: Readonly<AlxLoginDto>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    const claimant = { ...requesterOf(request), tokenOwner: await this.auth.tokenOwner(request) };
    const verification = await this.users.verify(email, password, claimant);
    if (verification.outcome !== 'verified') {
      await this.trail?.record(signInFailed(verification, 'login'), initiatorOf(request));
      throw verification.outcome === 'unknown_email' ? unknownEmail() : wrongPassword();
    }
    const { user } = verification;
    const issued = await this.auth.signIn(user, { request, response }, DEFAULT_SIGN_IN_OPTIONS);
    await this.trail?.record(signedIn(user, issued?.session ?? null, 'login'), initiatorOf(request, user.id));
    if (!issued) throw wrongPassword();
    return alxUserJson(user);
  }

  @Delete('logout')
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

function unknownEmail(): DomainError {
  return new DomainError('not_found', {
    faults: [{ pointer: '/email', detail: 'no user found for this email' }],
  });
}

function wrongPassword(): DomainError {
  return new DomainError('credentials_invalid', {
    faults: [{ pointer: '/password', detail: 'wrong password' }],
  });
}
