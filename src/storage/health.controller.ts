import { Controller, Get } from '@nestjs/common';
import { type AnswerFacts, ApiAnswer, ApiTag } from '../common/api-notes.js';
import { Public } from '../common/access.js';
import { Readiness } from './readiness.js';

const UP: AnswerFacts = {
  schema: { type: 'object', properties: { status: { enum: ['up'] } }, required: ['status'] },
};

/** Tells a supervisor whether to restart the server, and whether to send it requests. */
@ApiTag('service')
@Controller('health')
@Public()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('live')
  @ApiAnswer(200, UP)
  live() {
    return { status: 'up' };
  }

  /** Writes to every store, each within its own deadline, as a sign-in does. */
  @Get('ready')
  @ApiAnswer(200, UP)
  @ApiAnswer(503, { description: 'A store cannot be written.' })
  async ready() {
    await this.readiness.check();
    return { status: 'up' };
  }
}
