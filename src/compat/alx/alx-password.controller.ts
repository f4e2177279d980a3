import { Put, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { PasswordController } from '../../http/api/passwords/password.controller.js';
import { CoatcheckController } from '../../http/coatcheck-controller.js';
import { ValidBody } from '../../http/input.js';
import { AlxChangePasswordDto } from './change-password.dto.js';

/** Changes a password. The request must contain the current one. */
@CoatcheckController('users/me/password')
export class AlxPasswordController extends PasswordController {
  @Put()
  override changePassword(
    @ValidBody(AlxChangePasswordDto) body: Readonly<AlxChangePasswordDto>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    return super.changePassword(body, request, response);
  }
}
