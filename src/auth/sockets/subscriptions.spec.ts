import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { anExchange } from '../../../test/support/exchange.js';
import { guardWith } from '../../../test/support/guards.js';
import { aSession, aUser } from '../../testing/samples.js';
import { identityOf } from '../../users/identity.js';
import { ANONYMOUS, Auth, type AuthResult, type Principal, rejected } from '../auth.js';
import { AuthOptions } from '../auth-options.js';
import type { AuthRequest } from '../auth-request.js';
import { OptionalAuth, Public, Roles } from '../decorators/access.js';
import type { AuthGuard } from '../guards/auth.guard.js';
import { RolesGuard } from '../guards/roles.guard.js';
import { Refusals } from '../refusals.js';
import { SocketWatch } from './socket-watch.js';
import { Subscriptions } from './subscriptions.js';

const RECHECK = 1000;

/** Signs in whoever gives a name as `Bearer`. */
class NameAuth extends Auth {
  readonly challenges = [];
  readonly principals = new Map<string, Principal>();
  /** The names that were looked up again, in order. */
  readonly asked: string[] = [];
  readonly ended = new Set<string>();

  authenticate({ headers: { authorization } }: AuthRequest): Promise<AuthResult> {
    if (authorization === undefined) return Promise.resolve(ANONYMOUS);
    const name = String(authorization).replace('Bearer ', '');
    if (this.ended.has(name)) return Promise.resolve(rejected('session_signed_out', new Date(0)));
    const principal = this.principals.get(name) ?? aPrincipal();
    this.principals.set(name, principal);
    return Promise.resolve({ outcome: 'authenticated', principal });
  }

  override recheck(principal: Principal): Promise<AuthResult> {
    const [name = ''] =
      [...this.principals].find(([, one]) => one.session?.id === principal.session?.id) ?? [];
    this.asked.push(name);
    const result: AuthResult = this.ended.has(name)
      ? rejected('session_signed_out', new Date(0))
      : { outcome: 'authenticated', principal: this.principals.get(name)! };
    return Promise.resolve(result);
  }
}

class Resolver {
  events(): void {}

  @Roles('clerk')
  sales(): void {}

  @OptionalAuth()
  greetings(): void {}

  @Public()
  open(): void {}
}

/** A handshake with its connection, and the WebSocket that `ws` keeps on it. */
class Client {
  readonly connection = new Socket();
  readonly close = jest.fn();
  readonly request = Object.assign(new IncomingMessage(this.connection), {
    headers: { host: 'api.example.com', connection: 'Upgrade', upgrade: 'websocket' },
    method: 'GET',
  });

  constructor(isOfWs = true) {
    if (isOfWs) Object.assign(this.connection, { [Symbol('websocket')]: { close: this.close } });
  }
}

const EVENTS = { operation: 'subscription', handler: 'events', isRoot: true, ctx: {} } as const;

interface Operation {
  readonly operation: 'subscription' | 'query' | 'mutation';
  readonly handler: keyof Resolver;
  readonly isRoot: boolean;
  /** What the context has instead of the client. */
  readonly ctx: object;
}

let auth: NameAuth;
let guard: AuthGuard;
let watch: SocketWatch;
const clients: Client[] = [];

beforeEach(() => {
  jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
  jest.useFakeTimers();
  auth = new NameAuth();
  const options = new AuthOptions({ sockets: { recheck: RECHECK } });
  watch = new SocketWatch(options);
  guard = guardWith(auth, options);
  const roles = new RolesGuard(new Refusals(auth, options));
  Object.assign(guard, { subscriptions: new Subscriptions(options, watch, roles) });
});

afterEach(() => {
  watch.onApplicationShutdown();
  for (const { connection } of clients.splice(0)) connection.destroy();
  jest.useRealTimers();
  jest.restoreAllMocks();
});

function aPrincipal(): Principal {
  const user = aUser();
  return { ...identityOf(user), session: aSession({ userId: user.id }) };
}

function aClient(isOfWs?: boolean): Client {
  const client = new Client(isOfWs);
  clients.push(client);
  return client;
}

/** Begins an operation of somebody, or an anonymous one. */
async function start(
  { request }: Client,
  name: string | null,
  { operation, handler, isRoot, ctx }: Operation = EVENTS,
): Promise<void> {
  const connectionParams = name === null ? {} : { authorization: `Bearer ${name}` };
  const info = {
    fieldName: handler,
    parentType: { name: 'Subscription' },
    operation: { operation },
    path: { prev: isRoot ? undefined : {} },
    variableValues: {},
  };
  const args = [{}, {}, { extra: { request }, connectionParams, ...ctx }, info];
  const context = new ExecutionContextHost(args, Resolver, Resolver.prototype[handler]);
  context.setType('graphql');
  expect(await guard.canActivate(context)).toBe(true);
}

const pass = (milliseconds: number) => jest.advanceTimersByTimeAsync(milliseconds);
const SIGNED_OUT = [4401, 'session_signed_out'];

describe('The WebSocket of a subscription', () => {
  it('is closed within the interval after its session has ended, and no other is', async () => {
    const [anns, bobs] = [aClient(), aClient()];
    await start(anns, 'ann');
    await start(bobs, 'bob');
    await pass(3 * RECHECK);
    expect([anns, bobs].map(({ close }) => close.mock.calls)).toEqual([[], []]);
    auth.ended.add('ann');
    await pass(0.9 * RECHECK);
    expect(anns.close.mock.calls).toEqual([SIGNED_OUT]);
    // The client does not close its side.
    await pass(0.1 * RECHECK);
    expect([anns, bobs].map(({ connection }) => connection.destroyed)).toEqual([true, false]);
    expect(bobs.close).not.toHaveBeenCalled();
  });

  it('is looked up once for all operations of a session', async () => {
    const [first, second] = [aClient(), aClient()];
    for (let times = 0; times < 20; times++) {
      await start(first, 'ann');
      await start(second, 'ann');
    }
    const forget = jest.spyOn(watch, 'forget');
    await pass(0.8 * RECHECK);
    expect(auth.asked).toEqual(['ann']);
    for (const { connection } of [first, second]) connection.destroy();
    await pass(0);
    expect(forget).toHaveBeenCalledTimes(2);
  });

  it.each(['ann', 'bob'])('with subscriptions of two users is closed when %s is signed out', async (name) => {
    const client = aClient();
    for (const one of ['ann', 'bob', 'ann']) await start(client, one);
    await pass(0.8 * RECHECK);
    expect(auth.asked).toEqual(['ann', 'bob']);
    expect(client.close).not.toHaveBeenCalled();
    auth.ended.add(name);
    await pass(0.8 * RECHECK);
    expect(client.close.mock.calls).toEqual([SIGNED_OUT]);
  });

  it.each([
    ['an anonymous subscription', null, { handler: 'greetings' }],
    ['a public subscription', 'ann', { handler: 'open' }],
    ['a query', 'ann', { operation: 'query' }],
    ['a mutation', 'ann', { operation: 'mutation' }],
    ['a field of an event', 'ann', { isRoot: false }],
  ] as const)('is not watched for %s', async (_, name, how) => {
    await start(aClient(), name, { ...EVENTS, ...how });
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each([
    ['a subscription that asks for the role', ['clerk'], 'sales', [[4403, 'role_required']]],
    ['a subscription that was refused because of the role', ['buyer'], 'sales', []],
    ['a subscription that asks for no role', ['clerk'], 'events', []],
  ] as const)('with %s is judged by the roles of its subscriptions', async (_, roles, handler, calls) => {
    const principal = aPrincipal();
    const having = (all: readonly string[]) => ({
      ...principal,
      account: { ...principal.account, roles: all },
    });
    auth.principals.set('ann', having(roles));
    const client = aClient();
    await start(client, 'ann', { ...EVENTS, handler });
    await start(client, 'ann');
    await pass(3 * RECHECK);
    expect(client.close).not.toHaveBeenCalled();
    auth.principals.set('ann', having([]));
    await pass(0.8 * RECHECK);
    expect(client.close.mock.calls).toEqual(calls);
  });

  it('is watched for a user where everybody may subscribe', async () => {
    const client = aClient();
    await start(client, null, { ...EVENTS, handler: 'greetings' });
    await start(client, 'ann', { ...EVENTS, handler: 'greetings' });
    auth.ended.add('ann');
    await pass(0.8 * RECHECK);
    expect(client.close.mock.calls).toEqual([SIGNED_OUT]);
  });

  it('is forgotten when it closes, and not watched after it has closed', async () => {
    const client = aClient();
    await start(client, 'ann');
    client.connection.destroy();
    await pass(0);
    expect(jest.getTimerCount()).toBe(0);
    await start(client, 'bob');
    expect(jest.getTimerCount()).toBe(0);
    expect(Logger.prototype.warn).not.toHaveBeenCalled();
  });

  it('of another library than `ws` is disconnected', async () => {
    const client = aClient(false);
    await start(client, 'ann');
    auth.ended.add('ann');
    await pass(0.8 * RECHECK);
    expect(client.connection.destroyed).toBe(true);
  });

  it('is looked up by what came after its handshake where a strategy knows no sessions', async () => {
    const client = aClient();
    jest.spyOn(auth, 'recheck').mockReturnValue(null as never);
    await start(client, 'ann');
    await pass(3 * RECHECK);
    expect(client.close).not.toHaveBeenCalled();
    auth.ended.add('ann');
    await pass(0.8 * RECHECK);
    expect(client.close.mock.calls).toEqual([SIGNED_OUT]);
  });

  it.each([
    ['has no connection', { req: { headers: { upgrade: 'websocket', authorization: 'Bearer ann' } } }],
    ['is not of a WebSocket', { req: anExchange({ authorization: 'Bearer ann' }).request }],
  ])('is not known where the request in the context %s, which is logged once', async (_, ctx) => {
    for (let times = 0; times < 2; times++) await start(aClient(), 'ann', { ...EVENTS, ctx });
    expect(jest.getTimerCount()).toBe(0);
    expect(Logger.prototype.warn).toHaveBeenCalledTimes(1);
  });
});
