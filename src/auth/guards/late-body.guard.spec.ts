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

class Coats {
  mine() {}

  @Roles('admin')
  all() {}
}

/** Knows one person until that is withdrawn, and counts how often it was asked. */
class CountingAuth extends Auth {
  readonly challenge = 'Counting';
  principal: Principal | null = { user: aUser(), session: null };
  asked = 0;

  async authenticate(): Promise<AuthResult> {
    this.asked += 1;
    return this.principal ? { outcome: 'authenticated', principal: this.principal } : rejected();
  }
}

describe('A body that arrives after its sender was let in', () => {
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

  /** A request whose body was or was not there when its sender was let in. */
  async function letIn(isThere: boolean, handler: keyof Coats = 'mine'): Promise<Request> {
    const { request } = anExchange({}, { method: 'POST' });
    request.complete = isThere;
    await guards.auth.canActivate(contextOf(Coats, handler, request));
    return request;
  }

  const check = async (request: Request, handler: keyof Coats = 'mine') =>
    guards.late.canActivate(contextOf(Coats, handler, request));

  it('has its sender checked again, once', async () => {
    const request = await letIn(false);
    request.complete = true;
    expect(await check(request)).toBe(true);
    expect(await check(request)).toBe(true);
    expect(auth.asked).toBe(2);
  });

  it('is refused where the credential is invalid by then', async () => {
    const request = await letIn(false);
    request.complete = true;
    auth.principal = null;
    await expect(check(request)).rejects.toMatchObject({ code: 'credentials_invalid' });
  });

  it('is refused where the role was taken away by then', async () => {
    auth.principal = { user: aUser({ role: 'admin' }), session: null };
    const request = await letIn(false, 'all');
    request.complete = true;
    expect(await check(request, 'all')).toBe(true);
    const other = await letIn(false, 'all');
    other.complete = true;
    auth.principal = { user: aUser({ role: 'user' }), session: null };
    await expect(check(other, 'all')).rejects.toMatchObject({ code: 'role_required' });
  });

  it('costs nothing more where it was there, or nobody has read it yet', async () => {
    expect(await check(await letIn(true))).toBe(true);
    expect(await check(await letIn(false))).toBe(true);
    expect(auth.asked).toBe(2);
  });
});
