import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { type SweepStep, Sweeper } from '../common/sweeper.js';
import { SessionStore } from './session-store.js';
import { SessionsOptions } from './sessions-options.js';

/** How many sessions one step looks at. */
const STEP = 500;

/** Forgets, now and then, the sessions that are over for more than a day. */
@Injectable()
export class SessionSweeper extends Sweeper {
  constructor(
    private readonly store: SessionStore,
    private readonly clock: Clock,
    options: SessionsOptions,
  ) {
    super(options.sweepInterval);
  }

  protected override step(): Promise<SweepStep> {
    return this.store.sweep(this.clock.now(), STEP);
  }
}
