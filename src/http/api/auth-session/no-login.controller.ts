import { Delete, Post } from '@nestjs/common';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { OptionalAuth } from '../../../auth/decorators/access.js';
import { ApiHidden } from '../../api-notes.js';
import { DomainError } from '../../../common/domain-error.js';
import { ReadsOwnBody } from '../../body-decorators.js';

/** Answers `login_not_offered` if no strategy has a sign-in. */
@ApiHidden()
@CoatcheckController('auth_session')
@OptionalAuth()
export class NoLoginController {
  @Post('login')
  @ReadsOwnBody()
  login(): never {
    throw new DomainError('login_not_offered');
  }

  @Delete('logout')
  logout(): never {
    throw new DomainError('login_not_offered');
  }
}
