import { Get } from '@nestjs/common';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ApiAction, ApiAnswer, ApiHidden, ApiTag } from '../../api-notes.js';
import { Public } from '../../../auth/decorators/access.js';
import { DomainError } from '../../../common/domain-error.js';

/** Routes for checking that the server answers, and how its refusals look. */
@ApiTag('service')
@CoatcheckController()
@Public()
export class StatusController {
  @Get('status')
  @ApiAction({ id: 'getStatus', summary: 'Check that the server answers', description: 'Uses no store.' })
  @ApiAnswer(200, {
    description: 'The server answers.',
    schema: { type: 'object', properties: { status: { enum: ['OK'] } }, required: ['status'] },
  })
  status() {
    return { status: 'OK' };
  }

  @Get('unauthorized')
  @ApiHidden()
  unauthorized() {
    throw new DomainError('credentials_missing');
  }

  @Get('forbidden')
  @ApiHidden()
  forbidden() {
    throw new DomainError('forbidden');
  }
}
