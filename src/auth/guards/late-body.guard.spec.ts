import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Request } from 'express';
import { anExchange } from '../../../test/support/exchange.js';
import { contextOf, guardWith } from '../../../test/support/guards.js';
import { aUser } from '../../testing/samples.js';
import { AuthOptions } from '../auth-options.js';
import { Auth, type AuthResult, type Principal, rejected } from '../auth.js';
import { Roles } from '../decorators/access.js';
import { Refusals } from '../refusals.js';
import { LateBodyGuard } from './late-body.guard.js';
import { RolesGuard } from './roles.guard.js';
import { identityOf } from '../../users/identity.js';

class Coats {
  mine() {}

  @Roles('admin')
  all() {}
}

/** Authenticates one principal until it is set to null, and counts its calls. */
class CountingAuth extends Auth {
  readonly challenges = ['Counting'];
  principal: Principal | null = { ...identityOf(aUser()), session: null };
  asked = 0;

  async authenticate(): Promise<AuthResult> {
    this.asked += 1;
    return this.principal ? { outcome: 'authenticated', principal: this.principal } : rejected();
  }
}

describe('A body that arrives after the request was admitted', () => {
  let auth: CountingAuth;
  let guards: { auth: ReturnType<typeof guardWith>; late: LateBodyGuard };

  beforeEach(() => {
    auth = new CountingAuth();
    const guard = guardWith(auth);
    guards = {
      auth: guard,
      late: new LateBodyGuard(guard, new RolesGuard(new Refusals(auth, new AuthOptions()))),
    };
  });

  /** An admitted request whose body had arrived by then, or had not. */
  async function admitted(hasArrived: boolean, handler: keyof Coats = 'mine'): Promise<Request> {
    const { request } = anExchange({}, { method: 'POST' });
    request.complete = hasArrived;
    await guards.auth.canActivate(contextOf(Coats, handler, request));
    return request;
  }

  const check = async (request: Request, handler: keyof Coats = 'mine') =>
    guards.late.canActivate(contextOf(Coats, handler, request));

  it('makes the guard authenticate the request once more', async () => {
    const request = await admitted(false);
    request.complete = true;
    expect(await check(request)).toBe(true);
    expect(await check(request)).toBe(true);
    expect(auth.asked).toBe(2);
  });

  it('is refused if the credential has become invalid', async () => {
    const request = await admitted(false);
    request.complete = true;
    auth.principal = null;
    await expect(check(request)).rejects.toMatchObject({ code: 'credentials_invalid' });
  });

  it('is refused if the user has lost the role', async () => {
    auth.principal = { ...identityOf(aUser({ role: 'admin' })), session: null };
    const request = await admitted(false, 'all');
    request.complete = true;
    expect(await check(request, 'all')).toBe(true);
    const other = await admitted(false, 'all');
    other.complete = true;
    auth.principal = { ...identityOf(aUser({ role: 'user' })), session: null };
    await expect(check(other, 'all')).rejects.toMatchObject({ code: 'role_required' });
  });

  it('causes no second check if it had arrived before, or has not been read yet', async () => {
    expect(await check(await admitted(true))).toBe(true);
    expect(await check(await admitted(false))).toBe(true);
    expect(auth.asked).toBe(2);
  });
});
