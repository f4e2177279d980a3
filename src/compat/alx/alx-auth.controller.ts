import { Delete, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Public } from '../../auth/decorators/access.js';
import { SignInService } from '../../auth/sign-in.service.js';
import { DomainError } from '../../common/domain-error.js';
import { CoatcheckController } from '../../http/coatcheck-controller.js';
import { ValidBody } from '../../http/input.js';
import { alxUserJson } from './alx-user-json.js';
import { FormBody } from './form-body.js';
import { AlxLoginDto } from './login.dto.js';

@CoatcheckController('auth_session')
export class AlxAuthController {
  constructor(private readonly signIns: SignInService) {}

  @Post('login')
  @HttpCode(200)
  @Public()
  @FormBody()
  async login(
    @ValidBody(AlxLoginDto) { email, password }: Readonly<AlxLoginDto>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    const result = await this.signIns.signInWithPassword({ login: email, password }, { request, response });
    if (result.outcome === 'unknown_email') throw unknownEmail();
    if (result.outcome !== 'signed_in') throw wrongPassword();
    return alxUserJson(result.user);
  }

  @Delete('logout')
  async logout(@Req() request: Request, @Res({ passthrough: true }) response: Response) {
    if (!(await this.signIns.signOut({ request, response }))) throw new DomainError('not_found');
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
