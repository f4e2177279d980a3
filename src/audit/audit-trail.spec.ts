import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger, type LoggerService } from '@nestjs/common';
import { ALL_EVENTS } from './audit-store.js';
import { MemoryAuditStore } from '../storage/memory/memory.audit-store.js';
import { FakeClock } from '../testing/fake-clock.js';
import type { AuditEvent } from './audit-event.js';
import { AuditTrail } from './audit-trail.js';
import { OPERATOR } from './initiator.js';

const asRecorded = {
  via: 'http',
  actorId: 'ann',
  ip: '192.0.2.1',
  userAgent: 'Example/1.0',
  requestId: 'request-0001',
} as const;
const by = { ...asRecorded, connection: null };

/** Records the log lines and the calls of the store. */
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
  let clock: FakeClock;

  beforeEach(() => {
    notes = new Notes();
    Logger.overrideLogger(notes);
    clock = new FakeClock();
    trail = new AuditTrail(notes, clock);
  });

  afterEach(() => Logger.overrideLogger(['log', 'warn', 'error']));

  const kept = async () => (await notes.list(ALL_EVENTS, 10, null)).events;

  it('logs an event as one flat line, and then stores it', async () => {
    await trail.record(
      { type: 'role_changed', subjectId: 'ben', details: { from: 'user', to: 'admin' } },
      by,
    );
    const [event] = await kept();
    expect(event).toEqual({
      id: event!.id,
      at: new Date('2026-01-01T12:00:00.000Z'),
      count: 1,
      lastAt: new Date('2026-01-01T12:00:00.000Z'),
      type: 'role_changed',
      subjectId: 'ben',
      sessionId: null,
      details: { from: 'user', to: 'admin' },
      ...asRecorded,
    });
    const { details, sessionId: _, count: __, lastAt: ___, ...facts } = event!;
    expect(notes.all).toEqual([['log', { ...facts, ...details }], 'kept']);
  });

  it('logs failures and refusals as warnings', async () => {
    for (const type of ['sign_in', 'sign_in_failed', 'right_refused', 'cross_site_refused'] as const)
      await trail.record({ type, subjectId: null }, by);
    const levels = notes.all.filter((note) => note !== 'kept').map((note) => (note as string[])[0]);
    expect(levels).toEqual(['log', 'warn', 'warn', 'warn']);
  });

  it('keeps events of one instant in their order', async () => {
    for (const type of ['user_created', 'session_opened', 'sign_in', 'sign_out'] as const)
      await trail.record({ type, subjectId: null }, OPERATOR);
    const types = (await kept()).map(({ type }) => type);
    expect(types).toEqual(['sign_out', 'sign_in', 'session_opened', 'user_created']);
  });

  const refused = { type: 'right_refused', subjectId: 'ann', details: { route: 'GET /users' } } as const;

  it('stores repeated events once, with a count and the last time, and logs each', async () => {
    for (let count = 0; count < 10_000; count += 1) {
      await trail.record(refused, { ...by, requestId: `request-${count}` });
      clock.advance(1);
    }
    await trail.flush();
    const lastAt = new Date(clock.now().getTime() - 1);
    expect(await kept()).toMatchObject([{ ...refused, count: 10_000, lastAt, requestId: 'request-0' }]);
    expect(notes.all.filter((note) => Array.isArray(note) && note[0] === 'warn')).toHaveLength(10_000);
    expect(notes.all.filter((note) => note === 'kept')).toHaveLength(1);
    const [{ id }] = (await kept()) as [AuditEvent];
    expect(notes.all.filter((note) => Array.isArray(note) && note[1].id === id)).toHaveLength(10_000);
  });

  it('writes the count within two seconds, and starts a new one after ten minutes', async () => {
    for (let count = 0; count < 3; count += 1) await trail.record(refused, by);
    expect(await kept()).toMatchObject([{ count: 1 }]);
    for (let glance = 0; glance < 100 && (await kept())[0]?.count !== 3; glance += 1) await delay(20);
    expect(await kept()).toMatchObject([{ count: 3 }]);
    await trail.record(refused, by);
    clock.advance(600_000);
    await trail.record(refused, by);
    await trail.flush();
    expect(await kept()).toMatchObject([{ count: 1 }, { count: 4 }]);
  });

  it('writes all counts when it stops', async () => {
    for (let count = 0; count < 3; count += 1) await trail.record(refused, by);
    await trail.beforeApplicationShutdown();
    expect(await kept()).toMatchObject([{ count: 3 }]);
    await trail.record(refused, by);
    expect(await kept()).toMatchObject([{ count: 4 }]);
  });

  it('counts repetitions while the first is written, and stores the next if the first fails', async () => {
    await Promise.all(Array.from({ length: 50 }, () => trail.record(refused, by)));
    await trail.flush();
    expect(await kept()).toMatchObject([{ count: 50 }]);
    notes.isBroken = true;
    await trail.record({ ...refused, subjectId: 'ben' }, by);
    notes.isBroken = false;
    await trail.record({ ...refused, subjectId: 'ben' }, by);
    expect(await kept()).toMatchObject([{ subjectId: 'ben', count: 1 }, { count: 50 }]);
  });

  it('writes a count later if the store fails, without an error for the caller', async () => {
    const repeat = jest.spyOn(notes, 'repeat').mockRejectedValue(new Error('The disk is full.'));
    for (let count = 0; count < 3; count += 1) await trail.record(refused, by);
    await trail.flush();
    repeat.mockRestore();
    await trail.flush();
    expect(await kept()).toMatchObject([{ count: 3 }]);
  });

  it('logs the complete event if it cannot be stored, with the reason, and does not throw', async () => {
    notes.isBroken = true;
    await trail.record({ type: 'sign_out', subjectId: 'ann' }, by);
    const [[, line], , [level, lost]] = notes.all as [[string, object], string, [string, object]];
    expect(level).toBe('error');
    expect(lost).toEqual({ ...line, kept: false, err: new Error('The disk is full.') });
  });
});
