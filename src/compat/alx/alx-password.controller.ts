import { Put, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Initiator } from '../../audit/initiator.js';
import { CurrentSession, CurrentUser } from '../../auth/decorators/access.js';
import { CurrentInitiator } from '../../auth/request-initiator.js';
import { PasswordController } from '../../http/api/passwords/password.controller.js';
import { CoatcheckController } from '../../http/coatcheck-controller.js';
import { ValidBody } from '../../http/input.js';
import type { Session } from '../../sessions/session.js';
import type { User } from '../../users/user.js';
import { AlxChangePasswordDto } from './change-password.dto.js';

/** Replaces a password for who sends the current one. */
@CoatcheckController('users/me/password')
export class AlxPasswordController extends PasswordController {
  @Put()
  override changePassword(
    @CurrentUser() user: User,
    @CurrentSession() session: Session | null,
    @CurrentInitiator() by: Initiator,
    @ValidBody(AlxChangePasswordDto) body: Readonly<AlxChangePasswordDto>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    return super.changePassword(user, session, by, body, request, response);
  }
}
