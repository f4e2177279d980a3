import { Put } from '@nestjs/common';
import { PasswordController } from '../../http/api/passwords/password.controller.js';
import { CurrentExchange } from '../../auth/exchange/contexts.js';
import type { Exchange } from '../../auth/exchange/exchange.js';
import { CoatcheckController } from '../../http/coatcheck-controller.js';
import { ValidBody } from '../../http/input.js';
import { AlxChangePasswordDto } from './change-password.dto.js';

/** Changes a password. The request must contain the current one. */
@CoatcheckController('users/me/password')
export class AlxPasswordController extends PasswordController {
  @Put()
  override changePassword(
    @ValidBody(AlxChangePasswordDto) body: Readonly<AlxChangePasswordDto>,
    @CurrentExchange() exchange: Exchange,
  ) {
    return super.changePassword(body, exchange);
  }
}
