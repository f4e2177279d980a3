import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { Public } from '../common/access.js';
import { Clock } from '../common/clock.js';
import { StoreUnavailableError } from '../common/domain-error.js';
import { SessionStore } from '../sessions/session-store.js';
import { UserStore } from '../users/user-store.js';
import { StorageOptions } from './storage-options.js';

const UP = { schema: { type: 'object', properties: { status: { enum: ['up'] } }, required: ['status'] } };

/** For those who keep the server running: whether to restart it, and whether to send it requests. */
@ApiTags('service')
@Controller('health')
@Public()
export class HealthController {
  constructor(
    private readonly users: UserStore,
    private readonly sessions: SessionStore,
    private readonly clock: Clock,
    private readonly options: StorageOptions,
  ) {}

  @Get('live')
  @ApiOkResponse(UP)
  live() {
    return { status: 'up' };
  }

  /** Asks every store for what is not there. */
  @Get('ready')
  @ApiOkResponse(UP)
  @ApiServiceUnavailableResponse({ description: 'A store does not answer.' })
  async ready() {
    const answers = [this.users.find('readiness'), this.sessions.find('readiness', this.clock.now())];
    await withDeadline(Promise.all(answers), this.options.timeout);
    return { status: 'up' };
  }
}

async function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreUnavailableError()), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
