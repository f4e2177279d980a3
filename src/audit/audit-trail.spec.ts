import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger, type LoggerService } from '@nestjs/common';
import { MemoryAuditStore } from '../storage/memory/memory.audit-store.js';
import { FakeClock } from '../testing/fake-clock.js';
import type { AuditEvent } from './audit-event.js';
import { AuditTrail } from './audit-trail.js';
import { OPERATOR } from './initiator.js';

const by = {
  via: 'http',
  actorId: 'ann',
  ip: '192.0.2.1',
  userAgent: 'Example/1.0',
  requestId: 'request-0001',
} as const;

/** Notes what is logged, and when the store is asked. */
class Notes extends MemoryAuditStore implements LoggerService {
  readonly all: unknown[] = [];
  isBroken = false;

  log = (entry: unknown) => this.all.push(['log', entry]);
  warn = (entry: unknown) => this.all.push(['warn', entry]);
  error = (entry: unknown) => this.all.push(['error', entry]);

  override async append(event: AuditEvent): Promise<void> {
    this.all.push('kept');
    if (this.isBroken) throw new Error('The disk is full.');
    await super.append(event);
  }
}

describe('The audit trail', () => {
  let notes: Notes;
  let trail: AuditTrail;

  beforeEach(() => {
    notes = new Notes();
    Logger.overrideLogger(notes);
    trail = new AuditTrail(notes, new FakeClock());
  });

  afterEach(() => Logger.overrideLogger(['log', 'warn', 'error']));

  const kept = async () => (await notes.list({ userId: null, type: null }, 10, null)).events;

  it('logs an event as one flat line, and then keeps it', async () => {
    await trail.record(
      { type: 'role_changed', subjectId: 'ben', details: { from: 'user', to: 'admin' } },
      by,
    );
    const [event] = await kept();
    expect(event).toEqual({
      id: event!.id,
      at: new Date('2026-01-01T12:00:00.000Z'),
      type: 'role_changed',
      subjectId: 'ben',
      sessionId: null,
      details: { from: 'user', to: 'admin' },
      ...by,
    });
    const { details, sessionId: _, ...facts } = event!;
    expect(notes.all).toEqual([['log', { ...facts, ...details }], 'kept']);
  });

  it('warns of what failed or was refused', async () => {
    for (const type of ['sign_in', 'sign_in_failed', 'right_refused', 'cross_site_refused'] as const)
      await trail.record({ type, subjectId: null }, by);
    const levels = notes.all.filter((note) => note !== 'kept').map((note) => (note as string[])[0]);
    expect(levels).toEqual(['log', 'warn', 'warn', 'warn']);
  });

  it('has events of one moment in the order in which they came', async () => {
    for (const type of ['user_created', 'session_opened', 'sign_in', 'sign_out'] as const)
      await trail.record({ type, subjectId: null }, OPERATOR);
    const types = (await kept()).map(({ type }) => type);
    expect(types).toEqual(['sign_out', 'sign_in', 'session_opened', 'user_created']);
  });

  it('logs the whole of an event that cannot be kept, with the reason, and fails nobody', async () => {
    notes.isBroken = true;
    await trail.record({ type: 'sign_out', subjectId: 'ann' }, by);
    const [[, line], , [level, lost]] = notes.all as [[string, object], string, [string, object]];
    expect(level).toBe('error');
    expect(lost).toEqual({ ...line, kept: false, err: new Error('The disk is full.') });
  });
});
