import { describe, expect, it } from '@jest/globals';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { Fresh } from '../common/access.js';
import { NEVER } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { ALX } from '../http/dialects/alx.js';
import { STANDARD } from '../http/dialects/standard.js';
import { SessionsOptions } from '../sessions/sessions-options.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { MemorySessionStore } from '../storage/memory/memory.session-store.js';
import { FakeClock } from '../testing/fake-clock.js';
import { aSession, aUser } from '../testing/samples.js';
import type { Principal } from './auth.js';
import { AuthOptions } from './auth-options.js';
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

const store = new MemorySessionStore();
const sessions = new SessionsService(store, clock, new SessionsOptions());

/** Somebody who proved who they are so many milliseconds ago. */
const provenFor = async (ms: number, facts: Parameters<typeof aSession>[0] = {}): Promise<Principal> => {
  const authenticatedAt = new Date(clock.now().getTime() - ms);
  const session = aSession({ userId: user.id, expiresAt: NEVER, authenticatedAt, ...facts });
  await store.insert(session);
  return { user, session };
};

/** True, or what the refusal asks for. */
const ask = async (
  handler: keyof Coats,
  principal: Principal | undefined,
  body: unknown = {},
  dialect = STANDARD,
) => {
  const guard = new FreshGuard(sessions, clock, new AuthOptions({ dialect }));
  try {
    return await guard.canActivate(
      new ExecutionContextHost([{ principal, body }], Coats, Coats.prototype[handler]),
    );
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return [error.code, error.maxAge];
  }
};

describe('A handler that asks for a fresh proof', () => {
  it('admits whoever gave one, to the millisecond, and names what it wants to others', async () => {
    expect(await ask('sell', await provenFor(0))).toBe(true);
    expect(await ask('sell', await provenFor(5 * MINUTE))).toBe(true);
    expect(await ask('sell', await provenFor(5 * MINUTE + 1))).toEqual(['session_not_fresh', 300]);
  });

  it('does not take use, or a long life, for a proof', async () => {
    const busy = { lastSeenAt: clock.now(), kind: 'remembered' } as const;
    expect(await ask('sell', await provenFor(6 * MINUTE, busy))).toEqual(['session_not_fresh', 300]);
  });

  it('admits whoever shows the password in each request', async () => {
    expect(await ask('sell', { user, session: null, isProven: true })).toBe(true);
  });

  it('admits no access token, however new, and nobody of whom no proof is known', async () => {
    expect(await ask('sell', await provenFor(0, { kind: 'access_token' }))).toEqual([
      'session_not_fresh',
      300,
    ]);
    expect(await ask('sell', { user, session: null })).toEqual(['session_not_fresh', 300]);
    expect(await ask('sell', undefined)).toEqual(['session_not_fresh', 300]);
  });

  it('may ask for it only where the body has something in it', async () => {
    const stale = await provenFor(91_000);
    expect(await ask('change', stale, { price: 1 })).toEqual(['session_not_fresh', 90]);
    expect(await ask('change', await provenFor(90_000), { price: 1 })).toBe(true);
    for (const body of [{ colour: 'red' }, {}, null, 7, 'price', ['price']])
      expect(await ask('change', stale, body)).toBe(true);
  });

  it('asks for it too where nobody has read the body', async () => {
    const guard = new FreshGuard(sessions, clock, new AuthOptions());
    const context = (principal: Principal) =>
      new ExecutionContextHost([{ principal }], Coats, Coats.prototype.change);
    await expect(guard.canActivate(context(await provenFor(91_000)))).rejects.toThrow('session_not_fresh');
    expect(await guard.canActivate(context(await provenFor(0)))).toBe(true);
  });

  it('goes by the session as it is, though it was another when the request began', async () => {
    const principal = await provenFor(0);
    await store.end(principal.session!.id, 'ended_elsewhere', clock.now());
    expect(await ask('sell', principal)).toEqual(['credentials_invalid', null]);
    const stranger = { user: aUser(), session: (await provenFor(0)).session };
    expect(await ask('sell', stranger)).toEqual(['credentials_invalid', null]);
    const stale = await provenFor(6 * MINUTE);
    const proof = { authenticatedAt: clock.now(), expiresAt: NEVER };
    const { id, secretHash } = (await store.find(stale.session!.id, clock.now()))!;
    await store.rotate(id, secretHash, 'next', clock.now(), proof);
    expect(await ask('sell', stale)).toBe(true);
  });

  it('asks nobody in a dialect that knows no such thing', async () => {
    expect(await ask('sell', await provenFor(MINUTE * 60), undefined, ALX)).toBe(true);
  });

  it('is one that says so', async () => {
    expect(await ask('wear', await provenFor(MINUTE * 60))).toBe(true);
  });

  it.each(['', '0', 'soon', '-5m'])('cannot ask for %j', (maxAge) => {
    expect(() => Fresh(maxAge)).toThrow("@Fresh() wants a duration such as '5m'.");
  });
});
