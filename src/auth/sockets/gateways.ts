import { type CanActivate, Injectable, type OnApplicationShutdown, type Type } from '@nestjs/common';
import { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { AuthOptions } from '../auth-options.js';
import { accessOf } from '../decorators/access.js';
import { AuthGuard } from '../guards/auth.guard.js';
import { FreshGuard } from '../guards/fresh.guard.js';
import { RolesGuard } from '../guards/roles.guard.js';
import { GatewayDoor, type GuardedGateway } from './gateway-door.js';
import { addFilter, addGuard, gatewaysIn, guardsNamedBy, onServer } from './gateway-metadata.js';
import { HandshakeRequests } from './handshake-requests.js';
import { guardIo, guardWs, isGuardedIo } from './handshakes.js';
import { MESSAGE_FILTER, MESSAGE_GUARD } from './message-guard.js';
import { type IoServer, ioNamespaceOf, isWsServer } from './socket-libraries.js';
import { SocketWatch } from './socket-watch.js';

/** The applications of this process that have a gateway class. More than one are usual in tests. */
const applications = new WeakMap<Type<object>, Set<Gateways>>();

/**
 * Guards the gateways of the application: who may connect, and each message. Nest 11 does not apply global guards to gateways,
 * so this adds a guard to their classes, before Nest reads them.
 */
@Injectable()
export class Gateways implements OnApplicationShutdown {
  readonly #doors = new WeakMap<object, GatewayDoor>();
  readonly #servers = new WeakSet<IoServer>();
  readonly #ours: readonly CanActivate[];
  readonly #classes: ReadonlySet<Type<object>>;

  constructor(
    private readonly modules: ModulesContainer,
    private readonly config: ApplicationConfig,
    private readonly options: AuthOptions,
    private readonly watch: SocketWatch,
    private readonly requests: HandshakeRequests,
    private readonly auth: AuthGuard,
    roles: RolesGuard,
    fresh: FreshGuard,
  ) {
    this.#ours = [auth, roles, fresh];
    this.#classes = gatewaysIn(modules);
    if (this.#classes.size > 0) requests.prepare();
    for (const gateway of this.#classes) {
      const known = applications.get(gateway);
      if (known) known.add(this);
      else prepare(gateway, this);
    }
  }

  onApplicationShutdown(): void {
    for (const gateway of this.#classes) applications.get(gateway)?.delete(this);
  }

  /** Whether an instance of a gateway belongs to this application. */
  has(instance: object): boolean {
    return [...this.modules.values()].some(({ providers }) =>
      [...providers.values()].some((provider) => provider.instance === instance),
    );
  }

  /** Guards the server or namespace of a gateway. Throws if that is not possible, or not in the way that the gateway says. */
  bind(gateway: Type<object>, server: unknown): void {
    const guarded: GuardedGateway = { gateway, guards: this.#guardsOf(gateway) };
    const space = isWsServer(server) ? server : ioNamespaceOf(server);
    if (space) {
      const door = this.#doors.get(space) ?? this.#open(space);
      assertAlike([...door.gateways, guarded]);
      door.gateways.push(guarded);
    } else if (isClosed(guarded))
      throw new Error(
        `${gateway.name} is a gateway of an adapter that Coatcheck does not know, so it cannot be guarded. Use the WsAdapter of ` +
          '@nestjs/platform-ws or the IoAdapter of @nestjs/platform-socket.io, or make the gateway @Public() and guard it yourself.',
      );
  }

  #open(space: object): GatewayDoor {
    const { sockets, errorFormat } = this.options;
    const door = new GatewayDoor(
      this.requests,
      sockets.recheck,
      errorFormat,
      this.#globalGuards(),
      this.auth,
    );
    this.#doors.set(space, door);
    if (isWsServer(space)) guardWs(space, door, this.watch);
    else {
      const namespace = ioNamespaceOf(space)!;
      assertMiddlewareRuns(namespace);
      guardIo(namespace, door, this.watch);
      this.#guardOthers(namespace.server);
    }
    return door;
  }

  /** Guards the namespaces of `socket.io` that no gateway has: every client may ask for each of them. */
  #guardOthers(server: IoServer): void {
    if (this.#servers.has(server)) return;
    this.#servers.add(server);
    if (!this.#doors.has(server.sockets)) this.#open(server.sockets);
    // The namespaces below a gateway with a pattern have its guard already.
    server.on('new_namespace', (namespace) => {
      if (!isGuardedIo(namespace)) this.#open(namespace);
    });
  }

  /** Those of our guards that apply to the whole application. */
  #globalGuards(): readonly CanActivate[] {
    if (this.options.global) return this.#ours;
    const all = this.config.getGlobalGuards();
    return this.#ours.filter((guard) => all.some((one) => isOf(one, guard)));
  }

  /** Those of our guards that apply to all handlers of a gateway, and so to its handshakes. */
  #guardsOf(gateway: Type<object>): readonly CanActivate[] {
    const all = [...this.#globalGuards(), ...guardsNamedBy(gateway)];
    return this.#ours.filter((guard) => all.some((one) => isOf(one, guard)));
  }
}

function prepare(gateway: Type<object>, application: Gateways): void {
  const known = new Set([application]);
  applications.set(gateway, known);
  addGuard(gateway, MESSAGE_GUARD);
  addFilter(gateway, MESSAGE_FILTER);
  onServer(gateway, (instance, server) => {
    for (const one of known) if (one.has(instance)) one.bind(gateway, server);
  });
}

/** Whether a guard, or the class of one, is that guard, of its class or of a subclass. */
function isOf(one: unknown, guard: CanActivate): boolean {
  const type = guard.constructor as Type<CanActivate>;
  return one === guard || one === type || one instanceof type || isSubclass(one, type);
}

function isSubclass(one: unknown, base: Type<CanActivate>): boolean {
  return typeof one === 'function' && one.prototype instanceof base;
}

function isClosed({ gateway, guards }: GuardedGateway): boolean {
  return accessOf(gateway, gateway) !== 'public' && guards.some((guard) => guard instanceof AuthGuard);
}

/** Who may connect to a gateway, in words. */
function admissionTo(guarded: GuardedGateway): string {
  if (!isClosed(guarded)) return 'everybody';
  return accessOf(guarded.gateway, guarded.gateway) === 'optional' ? 'anonymous clients, too' : 'users only';
}

/** Nest tells all gateways of a server of each client, so they must admit the same clients. */
function assertAlike(gateways: readonly GuardedGateway[]): void {
  const [first, ...others] = gateways;
  const other = others.find((one) => admissionTo(one) !== admissionTo(first!));
  if (other)
    throw new Error(
      `${first!.gateway.name} admits ${admissionTo(first!)} and ${other.gateway.name} ${admissionTo(other)}, but both get the clients of one server. ` +
        'Give one of them another path, port or namespace, or the same @Public() or @OptionalAuth().',
    );
}

/** A client of `socket.io` that comes back may skip all middleware, also if its session has ended in the meantime. */
function assertMiddlewareRuns(namespace: NonNullable<ReturnType<typeof ioNamespaceOf>>): void {
  const { connectionStateRecovery: recovery } = namespace.server.opts ?? {};
  if (recovery && recovery.skipMiddlewares !== false)
    throw new Error(
      'With connectionStateRecovery, socket.io admits clients that come back without a check. ' +
        'Set connectionStateRecovery: { skipMiddlewares: false }.',
    );
}
