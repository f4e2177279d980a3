import { Injectable, Optional } from '@nestjs/common';
import { Clock, earlier } from '../common/clock.js';
import { checkNeeds } from '../common/needs.js';
import { type SweepStep, Sweeper } from '../common/sweeper.js';
import { AuditOptions } from './audit-options.js';
import { AuditStore } from './audit-store.js';

/** How many events one step deletes. */
const STEP = 500;

/** Deletes events that are older than the retention, at intervals. */
@Injectable()
export class AuditSweeper extends Sweeper {
  constructor(
    @Optional() private readonly store: AuditStore,
    private readonly clock: Clock,
    private readonly options: AuditOptions,
  ) {
    super(options.sweepInterval);
    checkNeeds('AuditModule', { AuditStore: store });
  }

  protected override async step(): Promise<SweepStep> {
    const before = earlier(this.clock.now(), this.options.retention);
    const forgotten = await this.store.forget(before, STEP);
    return { forgotten, isLast: forgotten < STEP };
  }
}
