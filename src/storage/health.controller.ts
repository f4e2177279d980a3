import { Controller, Get } from '@nestjs/common';
import { type AnswerFacts, ApiAnswer, ApiTag } from '../common/api-notes.js';
import { Public } from '../common/access.js';
import { Clock } from '../common/clock.js';
import { SessionStore } from '../sessions/session-store.js';
import { UserStore } from '../users/user-store.js';

const UP: AnswerFacts = {
  schema: { type: 'object', properties: { status: { enum: ['up'] } }, required: ['status'] },
};

/** For those who keep the server running: whether to restart it, and whether to send it requests. */
@ApiTag('service')
@Controller('health')
@Public()
export class HealthController {
  constructor(
    private readonly users: UserStore,
    private readonly sessions: SessionStore,
    private readonly clock: Clock,
  ) {}

  @Get('live')
  @ApiAnswer(200, UP)
  live() {
    return { status: 'up' };
  }

  /** Asks every store, each within its own deadline, for what is not there. */
  @Get('ready')
  @ApiAnswer(200, UP)
  @ApiAnswer(503, { description: 'A store does not answer.' })
  async ready() {
    await Promise.all([this.users.find('readiness'), this.sessions.find('readiness', this.clock.now())]);
    return { status: 'up' };
  }
}
