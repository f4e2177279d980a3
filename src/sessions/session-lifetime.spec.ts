import { describe, expect, it } from '@jest/globals';
import { NEVER } from '../common/clock.js';
import { aSession } from '../testing/samples.js';
import type { SessionKind } from './session.js';
import { SessionLifetime } from './session-lifetime.js';

const MINUTE = 60_000;
const noon = new Date('2026-01-01T12:00:00.000Z');
const after = (minutes: number) => new Date(noon.getTime() + minutes * MINUTE);
const lifetime = (idle: number, absolute: number) =>
  new SessionLifetime({ idle: idle * MINUTE, absolute: absolute * MINUTE });
/** A session of noon whose last use is some minutes later. */
const seenAt = (minutes: number, kind: SessionKind = 'session') =>
  aSession({ kind, lastSeenAt: after(minutes), expiresAt: after(90) });

describe('A session lifetime', () => {
  it('ends at the idle limit if the session is not used', () => {
    expect(lifetime(30, 60).deadline(seenAt(10))).toEqual(after(40));
  });

  it('ends at the absolute limit also if the session is used', () => {
    expect(lifetime(30, 60).deadline(seenAt(59))).toEqual(after(60));
  });

  it('can have either limit without the other', () => {
    const times = seenAt(10);
    expect(lifetime(30, Infinity).deadline(times)).toEqual(after(40));
    expect(lifetime(Infinity, 60).deadline(times)).toEqual(after(60));
    expect(SessionLifetime.unlimited.deadline(times)).toEqual(NEVER);
  });

  it('never exceeds NEVER', () => {
    const far = new SessionLifetime({ idle: Infinity, absolute: Number.MAX_SAFE_INTEGER });
    expect(far.deadline(seenAt(0))).toEqual(NEVER);
  });

  it('requires a touch after a twentieth of the idle limit', () => {
    const times = seenAt(0);
    expect(lifetime(20, 60).isTouchDue(times, new Date(after(1).getTime() - 1))).toBe(false);
    expect(lifetime(20, 60).isTouchDue(times, after(1))).toBe(true);
    expect(lifetime(40, 60).isTouchDue(times, after(1))).toBe(false);
    expect(lifetime(40, 60).isTouchDue(times, after(2))).toBe(true);
  });

  it('requires a touch once a minute without an idle limit', () => {
    const times = seenAt(0);
    expect(SessionLifetime.unlimited.isTouchDue(times, new Date(after(1).getTime() - 1))).toBe(false);
    expect(SessionLifetime.unlimited.isTouchDue(times, after(1))).toBe(true);
  });

  it('has separate limits for remembered sessions', () => {
    const both = new SessionLifetime(
      { idle: 20 * MINUTE, absolute: 60 * MINUTE },
      { idle: 200 * MINUTE, absolute: 600 * MINUTE },
    );
    expect(both.deadline(seenAt(10, 'remembered'))).toEqual(after(210));
    expect(both.deadline(seenAt(500, 'remembered'))).toEqual(after(600));
    expect(both.limit(seenAt(10, 'remembered'))).toEqual(after(600));
    expect(both.isTouchDue(seenAt(0, 'remembered'), new Date(after(10).getTime() - 1))).toBe(false);
    expect(both.isTouchDue(seenAt(0, 'remembered'), after(10))).toBe(true);
    expect(both.deadline(seenAt(10))).toEqual(after(30));
    expect(both.limit(seenAt(10))).toEqual(after(60));
  });

  it('uses the same limits for remembered sessions by default', () => {
    expect(lifetime(30, 60).deadline(seenAt(10, 'remembered'))).toEqual(after(40));
    expect(lifetime(30, 60).limit(seenAt(10, 'remembered'))).toEqual(after(60));
  });

  it.each([
    ['short', lifetime(1, 2)],
    ['long', lifetime(1000, 2000)],
    ['unlimited', SessionLifetime.unlimited],
  ])('keeps the expiry of an access token, with limits %s', (_, any) => {
    const token = seenAt(10, 'access_token');
    expect(any.deadline(token)).toEqual(after(90));
    expect(any.limit(token)).toEqual(after(90));
    expect(any.deadline({ ...token, expiresAt: NEVER })).toEqual(NEVER);
    expect(any.isTouchDue(token, new Date(after(11).getTime() - 1))).toBe(false);
    expect(any.isTouchDue(token, after(11))).toBe(true);
  });

  it('knows which sessions have an idle limit', () => {
    const remembering = new SessionLifetime(
      { idle: MINUTE, absolute: Infinity },
      { idle: Infinity, absolute: MINUTE },
    );
    const kinds = ['session', 'remembered', 'access_token'] as const;
    const idle = (any: SessionLifetime) => kinds.map((kind) => any.hasIdleLimit(seenAt(0, kind)));
    expect(idle(remembering)).toEqual([true, false, false]);
    expect(idle(lifetime(30, 60))).toEqual([true, true, false]);
    expect(idle(SessionLifetime.unlimited)).toEqual([false, false, false]);
  });
});
