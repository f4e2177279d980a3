import { Get } from '@nestjs/common';
import { CoatcheckController } from '../../http/coatcheck-controller.js';
import { ApiAction, type AnswerFacts, ApiAnswer, ApiTag } from '../../http/api-notes.js';
import { Public } from '../../auth/decorators/access.js';
import { Readiness } from '../../storage/readiness.js';

const UP: AnswerFacts = {
  description: 'The server works.',
  schema: { type: 'object', properties: { status: { enum: ['up'] } }, required: ['status'] },
};

/** Liveness and readiness probes. */
@ApiTag('service')
@CoatcheckController('health')
@Public()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('live')
  @ApiAction({
    id: 'getLiveness',
    summary: 'Check whether the process answers',
    description: 'Uses no store. Restart the process if this fails.',
  })
  @ApiAnswer(200, UP)
  live() {
    return { status: 'up' };
  }

  /** Writes to every store, each within its own deadline, as a sign-in does. */
  @Get('ready')
  @ApiAction({
    id: 'getReadiness',
    summary: 'Check whether the server can serve requests',
    description: 'Writes to every store, as a sign-in does. Send no requests while this fails.',
    refusals: ['store_unavailable'],
  })
  @ApiAnswer(200, UP)
  async ready() {
    await this.readiness.check();
    return { status: 'up' };
  }
}
