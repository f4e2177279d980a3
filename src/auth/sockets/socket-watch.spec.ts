import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { guardWith } from '../../../test/support/guards.js';
import type { SecurityEvent } from '../../audit/security-events.js';
import { type DomainError, StoreUnavailableError } from '../../common/domain-error.js';
import { problemDetails } from '../../common/problem.js';
import { aSession, aUser } from '../../testing/samples.js';
import { identityOf } from '../../users/identity.js';
import { ANONYMOUS, Auth, type AuthResult, type Principal, rejected } from '../auth.js';
import { AuthOptions } from '../auth-options.js';
import { type OpenSocket, SocketExchange } from '../exchange/socket-exchange.js';
import { GatewayDoor } from './gateway-door.js';
import { HandshakeRequests } from './handshake-requests.js';
import { SocketWatch } from './socket-watch.js';

const RECHECK = 1000;

/** Looks up principals as the test says. */
class LookUps extends Auth {
  readonly challenges = [];
  /** The sessions that were looked up, in order; the users of principals without one. */
  readonly asked: string[] = [];
  readonly uses: boolean[] = [];
  readonly ended = new Set<string>();
  readonly hanging = new Set<string>();
  isDown = false;
  /** Milliseconds that an answer takes. */
  delay = 0;
  most = 0;
  #running = 0;

  authenticate(): Promise<AuthResult> {
    return Promise.resolve(ANONYMOUS);
  }

  override async recheck(principal: Principal, isUse: boolean): Promise<AuthResult> {
    const id = principal.session?.id ?? principal.account.id;
    this.asked.push(id);
    this.uses.push(isUse);
    this.most = Math.max(this.most, (this.#running += 1));
    if (this.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.delay));
    if (this.hanging.has(id)) await new Promise(() => {});
    this.#running -= 1;
    if (this.isDown) throw new Error('The store is down.');
    if (this.ended.has(id)) return rejected('session_signed_out', new Date(0));
    return { outcome: 'authenticated', principal };
  }
}

/** A socket that records what it is told. */
class RecordedSocket implements OpenSocket {
  ending: string | null = null;
  endedAt: number | null = null;
  terminatedAt: number | null = null;

  send(): void {}

  close({ code }: DomainError): void {
    this.ending = code;
    this.endedAt = performance.now();
  }

  terminate(): void {
    this.terminatedAt = performance.now();
  }
}

let auth: LookUps;
let watch: SocketWatch;
let door: GatewayDoor;

beforeEach(() => {
  jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
  jest.useFakeTimers();
  auth = new LookUps();
  watch = new SocketWatch(new AuthOptions({ sockets: { recheck: RECHECK } }));
  const requests = new HandshakeRequests(new HttpAdapterHost());
  door = new GatewayDoor(requests, RECHECK, problemDetails, [], guardWith(auth));
});

afterEach(() => {
  watch.onApplicationShutdown();
  jest.useRealTimers();
  jest.restoreAllMocks();
});

function aPrincipal(): Principal {
  const user = aUser();
  return { ...identityOf(user), session: aSession({ userId: user.id }) };
}

/** An open socket of a principal; null for an anonymous one. */
function open(principal: Principal | null): { exchange: SocketExchange; socket: RecordedSocket } {
  const message = Object.assign(new IncomingMessage(new Socket()), { headers: {}, method: 'GET' });
  const exchange = new SocketExchange(door, message, message);
  exchange.principal = principal ?? undefined;
  const socket = new RecordedSocket();
  watch.open(exchange, socket, socket);
  return { exchange, socket };
}

const pass = (milliseconds: number) => jest.advanceTimersByTimeAsync(milliseconds);
const idOf = ({ session }: Principal) => session!.id;

function tell(subjectId: string | null): void {
  watch.onChange({ subjectId } as SecurityEvent);
}

describe('The watch of sockets', () => {
  it('closes the sockets of an ended session within the interval, and no others', async () => {
    const [ann, bob] = [aPrincipal(), aPrincipal()];
    const sockets = [open(ann).socket, open(ann).socket, open(bob).socket];
    await pass(3 * RECHECK);
    expect(sockets.map(({ ending }) => ending)).toEqual([null, null, null]);
    auth.ended.add(idOf(ann));
    const at = performance.now();
    await pass(3 * RECHECK);
    expect(sockets.map(({ ending }) => ending)).toEqual(['session_signed_out', 'session_signed_out', null]);
    for (const { endedAt } of sockets.slice(0, 2)) expect(endedAt! - at).toBeLessThanOrEqual(RECHECK);
  });

  it('disconnects within the interval a client that does not close its side', async () => {
    const ann = aPrincipal();
    const { socket } = open(ann);
    // Just looked up when the session ends.
    await pass(0.8 * RECHECK);
    auth.ended.add(idOf(ann));
    const at = performance.now();
    await pass(RECHECK);
    expect(socket.terminatedAt! - at).toBeLessThanOrEqual(RECHECK);
    expect(socket.terminatedAt!).toBeGreaterThan(socket.endedAt!);
  });

  it('looks up a session once for all of its sockets, which is no use of it', async () => {
    const [ann, bob] = [aPrincipal(), aPrincipal()];
    for (let count = 0; count < 20; count++) open(ann);
    open(bob);
    await pass(0.8 * RECHECK);
    expect(auth.asked).toEqual([idOf(ann), idOf(bob)]);
    expect(new Set(auth.uses)).toEqual(new Set([false]));
  });

  it('looks up each socket of a principal without a session, and no anonymous one', async () => {
    const ann: Principal = { ...aPrincipal(), session: null };
    for (const principal of [ann, ann, null]) open(principal);
    await pass(0.8 * RECHECK);
    expect(auth.asked).toEqual([ann.account.id, ann.account.id]);
  });

  it('looks up at most 500 sessions at a time, and begins no round before the last has ended', async () => {
    for (let count = 0; count < 1100; count++) open(aPrincipal());
    auth.delay = 0.4 * RECHECK;
    await pass(0.8 * RECHECK);
    expect(auth.asked).toHaveLength(500);
    await pass(0.4 * RECHECK);
    expect(auth.asked).toHaveLength(1000);
    // The next tick comes while the last hundred are asked.
    await pass(0.4 * RECHECK);
    expect(auth.asked).toHaveLength(1100);
    expect(auth.most).toBe(500);
  });

  it('looks up again the principal of the last look-up', async () => {
    const { exchange } = open(aPrincipal());
    const newer = { ...exchange.principal!, credentialVersion: 7 };
    jest.spyOn(auth, 'recheck').mockResolvedValueOnce({ outcome: 'authenticated', principal: newer });
    await pass(0.8 * RECHECK);
    expect(exchange.principal).toBe(newer);
  });

  it('keeps sockets open for three intervals while the store is down, and then closes them', async () => {
    const [ann, anonymous] = [open(aPrincipal()).socket, open(null).socket];
    auth.isDown = true;
    await pass(0.8 * RECHECK);
    const at = performance.now();
    await pass(2.9 * RECHECK);
    expect(ann.ending).toBeNull();
    await pass(1.9 * RECHECK);
    expect(ann.ending).toBe('store_unavailable');
    expect(ann.endedAt! - at).toBeGreaterThanOrEqual(3 * RECHECK);
    expect(anonymous.ending).toBeNull();
    expect(Logger.prototype.warn).toHaveBeenCalledTimes(1);
  });

  it('begins to count again after an answer', async () => {
    const { socket } = open(aPrincipal());
    for (let times = 0; times < 5; times++) {
      auth.isDown = true;
      await pass(2.4 * RECHECK);
      auth.isDown = false;
      await pass(0.8 * RECHECK);
    }
    expect(socket.ending).toBeNull();
  });

  it('does not keep others waiting for a look-up that hangs, whose socket it closes', async () => {
    const [ann, ...others] = Array.from({ length: 1000 }, aPrincipal);
    const hung = open(ann!).socket;
    const [last] = others.map((one) => open(one).socket).slice(-1);
    auth.hanging.add(idOf(ann!));
    auth.ended.add(idOf(others.at(-1)!));
    await pass(1.9 * RECHECK);
    expect(last!.ending).toBe('session_signed_out');
    expect(hung.ending).toBeNull();
    await pass(3 * RECHECK);
    expect(hung.ending).toBe('store_unavailable');
  });

  it('forgets sockets that close, also during their look-up', async () => {
    const [ann, bob] = [aPrincipal(), aPrincipal()];
    const [first, second] = [open(ann), open(bob)];
    auth.delay = 0.1 * RECHECK;
    await pass(0.85 * RECHECK);
    watch.forget(first.exchange);
    await pass(0.8 * RECHECK);
    expect(auth.asked).toEqual([idOf(ann), idOf(bob), idOf(bob)]);
    watch.forget(second.exchange);
    await pass(3 * RECHECK);
    expect(auth.asked).toHaveLength(3);
    expect(jest.getTimerCount()).toBe(0);
    open(ann);
    await pass(0.8 * RECHECK);
    expect(auth.asked).toHaveLength(4);
  });

  it('looks at once at the sockets of a user who was changed here, once for many events', async () => {
    const [ann, bob] = [aPrincipal(), aPrincipal()];
    const sockets = [open(ann).socket, open(ann).socket, open(bob).socket];
    for (const principal of [ann, bob]) auth.ended.add(idOf(principal));
    for (let times = 0; times < 5; times++) tell(ann.account.id);
    tell(null);
    await pass(0);
    expect(auth.asked).toEqual([idOf(ann)]);
    expect(sockets.map(({ ending }) => ending)).toEqual(['session_signed_out', 'session_signed_out', null]);
  });

  it('closes a socket once, also if it opens after its session has ended', async () => {
    const { exchange, socket } = open(aPrincipal());
    auth.ended.add(idOf(exchange.principal!));
    await pass(0.8 * RECHECK);
    const close = jest.spyOn(socket, 'close');
    exchange.end(new StoreUnavailableError());
    await pass(5 * RECHECK);
    expect(close).not.toHaveBeenCalled();
    expect(auth.asked).toHaveLength(1);
    const late = new RecordedSocket();
    watch.open(exchange, late, late);
    expect(late.ending).toBe('session_signed_out');
  });
});
