import { Delete, HttpCode, Post } from '@nestjs/common';
import { Public } from '../../auth/decorators/access.js';
import { SignInService } from '../../auth/sign-in.service.js';
import { DomainError } from '../../common/domain-error.js';
import { CurrentExchange } from '../../auth/exchange/contexts.js';
import type { Exchange } from '../../auth/exchange/exchange.js';
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
    @CurrentExchange() exchange: Exchange,
  ) {
    const result = await this.signIns.signInWithPassword({ login: email, password }, exchange);
    if (result.outcome === 'unknown_email') throw unknownEmail();
    if (result.outcome !== 'signed_in') throw wrongPassword();
    return alxUserJson(result.user);
  }

  @Delete('logout')
  async logout(@CurrentExchange() exchange: Exchange) {
    if (!(await this.signIns.signOut(exchange))) throw new DomainError('not_found');
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
