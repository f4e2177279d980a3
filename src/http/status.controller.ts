import { Controller, Get } from '@nestjs/common';
import { ApiAnswer, ApiTag } from '../common/api-notes.js';
import { Public } from '../common/access.js';
import { DomainError } from '../common/domain-error.js';

/** What a client can ask to see that the server answers, and how it refuses. */
@ApiTag('service')
@Controller()
@Public()
export class StatusController {
  @Get('status')
  @ApiAnswer(200, {
    schema: { type: 'object', properties: { status: { enum: ['OK'] } }, required: ['status'] },
  })
  status() {
    return { status: 'OK' };
  }

  @Get('unauthorized')
  @ApiAnswer(401)
  unauthorized() {
    throw new DomainError('credentials_missing');
  }

  @Get('forbidden')
  @ApiAnswer(403)
  forbidden() {
    throw new DomainError('forbidden');
  }
}
