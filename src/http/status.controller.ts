import { Controller, Get } from '@nestjs/common';
import { ApiForbiddenResponse, ApiOkResponse, ApiTags, ApiUnauthorizedResponse } from '@nestjs/swagger';
import { Public } from '../common/access.js';
import { DomainError } from '../common/domain-error.js';

/** What a client can ask to see that the server answers, and how it refuses. */
@ApiTags('service')
@Controller()
@Public()
export class StatusController {
  @Get('status')
  @ApiOkResponse({
    schema: { type: 'object', properties: { status: { enum: ['OK'] } }, required: ['status'] },
  })
  status() {
    return { status: 'OK' };
  }

  @Get('unauthorized')
  @ApiUnauthorizedResponse()
  unauthorized() {
    throw new DomainError('credentials_missing');
  }

  @Get('forbidden')
  @ApiForbiddenResponse()
  forbidden() {
    throw new DomainError('forbidden');
  }
}
