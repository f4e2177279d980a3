import { Injectable, Optional } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { checkNeeds } from '../common/needs.js';
import { type SweepStep, Sweeper } from '../common/sweeper.js';
import { SessionStore } from './session-store.js';
import { SessionsOptions } from './sessions-options.js';

/** Sessions per step. */
const STEP = 500;

/** Deletes, at intervals, sessions that ended more than a day ago. */
@Injectable()
export class SessionSweeper extends Sweeper {
  constructor(
    @Optional() private readonly store: SessionStore,
    private readonly clock: Clock,
    options: SessionsOptions,
  ) {
    super(options.sweepInterval);
    checkNeeds('SessionsModule', { SessionStore: store });
  }

  protected override step(): Promise<SweepStep> {
    return this.store.sweep(this.clock.now(), STEP);
  }
}
