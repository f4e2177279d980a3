import { describe, expect, it } from '@jest/globals';
import { anExchange } from '../../../test/support/exchange.js';
import { contextOf } from '../../../test/support/guards.js';
import { Fresh } from '../decorators/access.js';
import { NEVER } from '../../common/clock.js';
import { DomainError } from '../../common/domain-error.js';
import type { Proofs } from '../../sessions/proofs.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { aSession, aUser } from '../../testing/samples.js';
import { ANONYMOUS, Auth, type AuthResult, type Principal } from '../auth.js';
import { AuthOptions } from '../auth-options.js';
import { Refusals } from '../refusals.js';
import { FreshGuard } from './fresh.guard.js';
import { identityOf } from '../../users/identity.js';

class Coats {
  @Fresh('5m')
  sell() {}

  @Fresh('90s', ({ price }) => price !== undefined)
  change() {}

  @Fresh('5m', { by: ['passkey', 'totp'] })
  burn() {}

  @Fresh('5m', { by: ['password'], when: ({ price }) => price !== undefined })
  give() {}

  wear() {}
}

class NobodyAuth extends Auth {
  readonly challenges = ['Nobody'];

  authenticate(): Promise<AuthResult> {
    return Promise.resolve(ANONYMOUS);
  }
}

const MINUTE = 60_000;
const clock = new FakeClock();
const user = aUser();

/** A principal who confirmed the password so many milliseconds ago. */
const provenFor = (ms: number, facts: Parameters<typeof aSession>[0] = {}): Principal => ({
  ...identityOf(user),
  session: aSession({
    userId: user.id,
    expiresAt: NEVER,
    authenticatedAt: new Date(clock.now().getTime() - ms),
    ...facts,
  }),
});

const requestOf = (principal: Principal | undefined, body: unknown) =>
  Object.assign(anExchange().request, { principal, body });

/** True, or the code and `max_age` of the refusal. */
const ask = async (handler: keyof Coats, principal: Principal | undefined, body: unknown) => {
  const guard = new FreshGuard(clock, new Refusals(new NobodyAuth(), new AuthOptions()));
  try {
    return await guard.canActivate(contextOf(Coats, handler, requestOf(principal, body)));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return [error.code, error.problem.maxAge];
  }
};

describe('FreshGuard', () => {
  it('admits a password confirmation up to the exact maximum age, and refuses an older one with that age', async () => {
    expect(await ask('sell', provenFor(0), {})).toBe(true);
    expect(await ask('sell', provenFor(5 * MINUTE), {})).toBe(true);
    expect(await ask('sell', provenFor(5 * MINUTE + 1), {})).toEqual(['session_not_fresh', 300]);
  });

  it('does not count use of the session or a remembered session as a confirmation', async () => {
    const busy = { lastSeenAt: clock.now(), kind: 'remembered' } as const;
    expect(await ask('sell', provenFor(6 * MINUTE, busy), {})).toEqual(['session_not_fresh', 300]);
  });

  it('admits requests that carry the password', async () => {
    expect(await ask('sell', { ...identityOf(user), session: null, isProven: true }, {})).toBe(true);
  });

  it('refuses access tokens of any age and requests without a known confirmation', async () => {
    expect(await ask('sell', provenFor(0, { kind: 'access_token' }), {})).toEqual(['session_not_fresh', 300]);
    expect(await ask('sell', { ...identityOf(user), session: null }, {})).toEqual(['session_not_fresh', 300]);
    expect(await ask('sell', undefined, {})).toEqual(['session_not_fresh', 300]);
  });

  it('requires one of the proofs of `by`, each by its own age', async () => {
    const ago = (ms: number) => new Date(clock.now().getTime() - ms);
    const refused = ['session_not_fresh', 300];
    const withProofs = (proofs: Proofs) => provenFor(0, { proofs });
    expect(await ask('burn', withProofs({ password: ago(0) }), {})).toEqual(refused);
    expect(await ask('burn', withProofs({ password: ago(0), recovery_code: ago(0) }), {})).toEqual(refused);
    expect(await ask('burn', withProofs({ totp: ago(5 * MINUTE) }), {})).toBe(true);
    expect(await ask('burn', withProofs({ totp: ago(5 * MINUTE + 1) }), {})).toEqual(refused);
    expect(await ask('burn', withProofs({ totp: ago(9 * MINUTE), passkey: ago(1) }), {})).toBe(true);
    expect(await ask('burn', withProofs({}), {})).toEqual(refused);
    expect(await ask('give', withProofs({ passkey: ago(0) }), { price: 1 })).toEqual(refused);
    expect(await ask('give', withProofs({ passkey: ago(0) }), {})).toBe(true);
  });

  it('takes a request with the password for a proof of that kind alone', async () => {
    const basic = { ...identityOf(user), session: null, isProven: true } as const;
    expect(await ask('give', basic, { price: 1 })).toBe(true);
    expect(await ask('burn', basic, {})).toEqual(['session_not_fresh', 300]);
  });

  it('tells which proofs would do', () => {
    const guard = new FreshGuard(clock, new Refusals(new NobodyAuth(), new AuthOptions()));
    const context = contextOf(Coats, 'burn', requestOf(provenFor(0), {}));
    return expect(guard.canActivate(context)).rejects.toMatchObject({
      response: { code: 'session_not_fresh', max_age: 300, proofs: ['passkey', 'totp'] },
    });
  });

  it.each([[[]], [['face']]])('is no decorator with by: %j', (by) => {
    expect(() => Fresh('5m', { by: by as never })).toThrow(/by needs some of password, totp/);
  });

  it('requires the confirmation only for bodies that `when` selects', async () => {
    const stale = provenFor(91_000);
    expect(await ask('change', stale, { price: 1 })).toEqual(['session_not_fresh', 90]);
    expect(await ask('change', provenFor(90_000), { price: 1 })).toBe(true);
    for (const body of [{ colour: 'red' }, {}]) expect(await ask('change', stale, body)).toBe(true);
  });

  it.each([null, 7, 'price', ['price'], [{ price: 1 }], JSON.parse('{"__proto__":{"price":1}}') as object])(
    'requires the confirmation for a body that is no plain object: %j',
    async (body) => {
      expect(await ask('change', provenFor(91_000), body)).toEqual(['session_not_fresh', 90]);
      expect(await ask('change', provenFor(0), body)).toBe(true);
    },
  );

  it('requires the confirmation if the body was not read', async () => {
    expect(await ask('change', provenFor(91_000), undefined)).toEqual([
      'session_not_fresh',
      expect.any(Number),
    ]);
    expect(await ask('change', provenFor(0), undefined)).toBe(true);
  });

  it('admits every request to a handler without @Fresh()', async () => {
    expect(await ask('wear', provenFor(MINUTE * 60), {})).toBe(true);
  });

  it.each(['', '0', 'soon', '-5m'])('refuses the maximum age %j', (maxAge) => {
    expect(() => Fresh(maxAge)).toThrow("@Fresh() needs a duration such as '5m'.");
  });
});
