import { describe, expect, it } from '@jest/globals';
import { NEVER } from '../common/clock.js';
import { SessionLifetime } from './session-lifetime.js';

const MINUTE = 60_000;
const noon = new Date('2026-01-01T12:00:00.000Z');
const after = (minutes: number) => new Date(noon.getTime() + minutes * MINUTE);
const lifetime = (idle: number, absolute: number) =>
  new SessionLifetime({ idle: idle * MINUTE, absolute: absolute * MINUTE });

describe('A session lifetime', () => {
  it('ends with the idle limit when the session is left alone', () => {
    expect(lifetime(30, 60).deadline({ authenticatedAt: noon, lastSeenAt: after(10) })).toEqual(after(40));
  });

  it('ends with the absolute limit however much the session is used', () => {
    expect(lifetime(30, 60).deadline({ authenticatedAt: noon, lastSeenAt: after(59) })).toEqual(after(60));
  });

  it('has either limit without the other', () => {
    const times = { authenticatedAt: noon, lastSeenAt: after(10) };
    expect(lifetime(30, Infinity).deadline(times)).toEqual(after(40));
    expect(lifetime(Infinity, 60).deadline(times)).toEqual(after(60));
    expect(SessionLifetime.unlimited.deadline(times)).toEqual(NEVER);
  });

  it('does not run past the end of time', () => {
    const far = new SessionLifetime({ idle: Infinity, absolute: Number.MAX_SAFE_INTEGER });
    expect(far.deadline({ authenticatedAt: noon, lastSeenAt: noon })).toEqual(NEVER);
  });

  it('asks for a note of use once in a twentieth of the idle limit', () => {
    const times = { authenticatedAt: noon, lastSeenAt: noon };
    expect(lifetime(20, 60).isTouchDue(times, new Date(after(1).getTime() - 1))).toBe(false);
    expect(lifetime(20, 60).isTouchDue(times, after(1))).toBe(true);
    expect(lifetime(40, 60).isTouchDue(times, after(1))).toBe(false);
    expect(lifetime(40, 60).isTouchDue(times, after(2))).toBe(true);
  });

  it('asks for it once a minute where there is no idle limit', () => {
    const times = { authenticatedAt: noon, lastSeenAt: noon };
    expect(SessionLifetime.unlimited.isTouchDue(times, new Date(after(1).getTime() - 1))).toBe(false);
    expect(SessionLifetime.unlimited.isTouchDue(times, after(1))).toBe(true);
  });
});
