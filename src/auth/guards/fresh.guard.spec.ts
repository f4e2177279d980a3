import { describe, expect, it } from '@jest/globals';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { Fresh } from '../decorators/access.js';
import { NEVER } from '../../common/clock.js';
import { DomainError } from '../../common/domain-error.js';
import { ALX } from '../../http/dialects/alx.js';
import { STANDARD } from '../../http/dialects/standard.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { aSession, aUser } from '../../testing/samples.js';
import type { Principal } from '../auth.js';
import { AuthOptions } from '../auth-options.js';
import { FreshGuard } from './fresh.guard.js';

class Coats {
  @Fresh('5m')
  sell() {}

  @Fresh('90s', ({ price }) => price !== undefined)
  change() {}

  wear() {}
}

const MINUTE = 60_000;
const clock = new FakeClock();
const user = aUser();

/** Somebody who proved who they are so many milliseconds ago. */
const provenFor = (ms: number, facts: Parameters<typeof aSession>[0] = {}): Principal => ({
  user,
  session: aSession({
    userId: user.id,
    expiresAt: NEVER,
    authenticatedAt: new Date(clock.now().getTime() - ms),
    ...facts,
  }),
});

/** True, or what the refusal asks for. */
const ask = (
  handler: keyof Coats,
  principal: Principal | undefined,
  body: unknown = {},
  dialect = STANDARD,
) => {
  const guard = new FreshGuard(clock, new AuthOptions({ dialect }));
  try {
    return guard.canActivate(
      new ExecutionContextHost([{ principal, body }], Coats, Coats.prototype[handler]),
    );
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return [error.code, error.problem.maxAge];
  }
};

describe('A handler that asks for a fresh proof', () => {
  it('admits sessions that gave one, to the millisecond, and names what it wants to others', () => {
    expect(ask('sell', provenFor(0))).toBe(true);
    expect(ask('sell', provenFor(5 * MINUTE))).toBe(true);
    expect(ask('sell', provenFor(5 * MINUTE + 1))).toEqual(['session_not_fresh', 300]);
  });

  it('does not take use, or a long life, for a proof', () => {
    const busy = { lastSeenAt: clock.now(), kind: 'remembered' } as const;
    expect(ask('sell', provenFor(6 * MINUTE, busy))).toEqual(['session_not_fresh', 300]);
  });

  it('admits requests that carry the password', () => {
    expect(ask('sell', { user, session: null, isProven: true })).toBe(true);
  });

  it('admits no access token, however new, and nobody of whom no proof is known', () => {
    expect(ask('sell', provenFor(0, { kind: 'access_token' }))).toEqual(['session_not_fresh', 300]);
    expect(ask('sell', { user, session: null })).toEqual(['session_not_fresh', 300]);
    expect(ask('sell', undefined)).toEqual(['session_not_fresh', 300]);
  });

  it('may ask for it only where the body has something in it', () => {
    const stale = provenFor(91_000);
    expect(ask('change', stale, { price: 1 })).toEqual(['session_not_fresh', 90]);
    expect(ask('change', provenFor(90_000), { price: 1 })).toBe(true);
    for (const body of [{ colour: 'red' }, {}, null, 7, 'price', ['price']])
      expect(ask('change', stale, body)).toBe(true);
  });

  it('asks for it too where nobody has read the body', () => {
    const guard = new FreshGuard(clock, new AuthOptions());
    const context = (principal: Principal) =>
      new ExecutionContextHost([{ principal }], Coats, Coats.prototype.change);
    expect(() => guard.canActivate(context(provenFor(91_000)))).toThrow(new DomainError('session_not_fresh'));
    expect(guard.canActivate(context(provenFor(0)))).toBe(true);
  });

  it('asks nobody in a dialect that knows no such thing', () => {
    expect(ask('sell', provenFor(MINUTE * 60), undefined, ALX)).toBe(true);
  });

  it('is one that says so', () => {
    expect(ask('wear', provenFor(MINUTE * 60))).toBe(true);
  });

  it.each(['', '0', 'soon', '-5m'])('cannot ask for %j', (maxAge) => {
    expect(() => Fresh(maxAge)).toThrow("@Fresh() wants a duration such as '5m'.");
  });
});
