import { EventEmitter } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type CanActivate,
  type INestApplicationContext,
  Injectable,
  Module,
  SetMetadata,
  type Type,
  UseGuards,
  applyDecorators,
} from '@nestjs/common';
import { EXCEPTION_FILTERS_METADATA, GUARDS_METADATA } from '@nestjs/common/constants.js';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { AuthGuard, CoatcheckModule, OptionalAuth, Public, Roles, RolesGuard } from 'coatcheck';

/** As `@WebSocketGateway()` of Nest does it; `test/sockets.slow.spec.ts` has Nest itself. */
const WebSocketGateway = () => applyDecorators(Injectable(), SetMetadata('websockets:is_gateway', true));

const OPTIONS = {
  type: 'session_auth',
  storage: { database: 'memory:' },
  users: { passwordCost: 4 },
  cookie: { name: 'sid', secure: false },
} as const;

type Verify = (info: { req: IncomingMessage }, answer: (...args: unknown[]) => void) => void;

/** A server of `ws` as far as the library looks at it. */
class WsServer extends EventEmitter {
  readonly options: { verifyClient: Verify | null } = { verifyClient: null };
  handleUpgrade() {}
}

/** A namespace of `socket.io` as far as the library looks at it. */
class Namespace extends EventEmitter {
  readonly middleware: ((socket: object, next: (error?: Error) => void) => void)[] = [];
  readonly server: IoServer;

  constructor(server?: IoServer) {
    super();
    this.server = server ?? new IoServer();
  }

  use(middleware: Namespace['middleware'][number]) {
    this.middleware.push(middleware);
  }

  /** The error that a client gets who connects. */
  refusal(): Promise<Error | undefined> {
    const request = Object.assign(new IncomingMessage(new Socket()), { headers: {}, method: 'GET' });
    return new Promise((resolve) => this.middleware[0]!({ request, handshake: {} }, resolve));
  }
}

/** A server of `socket.io` as far as the library looks at it. */
class IoServer extends EventEmitter {
  readonly sockets: Namespace;

  constructor(readonly opts: object = {}) {
    super();
    this.sockets = new Namespace(this);
  }
}

let app: INestApplicationContext | null = null;

afterEach(async () => {
  await app?.close();
  app = null;
});

async function start(gateways: Type[], options: object = {}, providers: object[] = []): Promise<void> {
  @Module({
    imports: [CoatcheckModule.forRoot({ ...OPTIONS, ...options })],
    providers: [...gateways, ...(providers as [])],
  })
  class AppModule {}
  app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
}

/** Sets the server of a gateway as Nest does it. */
function bind(gateway: Type<object>, server: object): void {
  const instance = app!.get<object>(gateway);
  for (const name in instance)
    if (Reflect.getMetadata('websockets:is_socket', instance, name)) Reflect.set(instance, name, server);
}

/** The status of a handshake with `ws`; 101 if it is accepted. */
function handshake(server: WsServer, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  const req = Object.assign(new IncomingMessage(new Socket()), { headers, method: 'GET', url: '/' });
  return new Promise((resolve) =>
    server.options.verifyClient!({ req }, (isAccepted, status) =>
      resolve(isAccepted ? 101 : (status as number)),
    ),
  );
}

const guardsOf = (gateway: Type) => Reflect.getMetadata(GUARDS_METADATA, gateway) as unknown[];

describe('Gateways at start', () => {
  it('get one guard and one filter, and their servers are closed', async () => {
    @Injectable()
    class Own implements CanActivate {
      canActivate() {
        return true;
      }
    }

    @WebSocketGateway()
    @UseGuards(Own)
    class Coats {}

    await start([Coats]);
    expect(guardsOf(Coats)).toEqual([expect.objectContaining({}), Own]);
    expect(Reflect.getMetadata(EXCEPTION_FILTERS_METADATA, Coats)).toHaveLength(1);
    const server = new WsServer();
    bind(Coats, server);
    expect(await handshake(server)).toBe(401);
    // A second application with the same class.
    await app!.close();
    await start([Coats]);
    expect(guardsOf(Coats)).toHaveLength(2);
    const second = new WsServer();
    bind(Coats, second);
    expect(await handshake(second)).toBe(401);
  });

  it('keep the check of the application, whenever that is set', async () => {
    @WebSocketGateway()
    @Public()
    class Coats {}

    await start([Coats]);
    for (const verifyClient of [
      () => false,
      (_: unknown, answer: (is: boolean, s: number) => void) => answer(false, 418),
    ]) {
      const server = new WsServer();
      bind(Coats, server);
      expect(await handshake(server)).toBe(101);
      server.options.verifyClient = verifyClient;
      expect(await handshake(server)).toBe(verifyClient.length === 2 ? 418 : undefined);
    }
    const broken = new WsServer();
    broken.options.verifyClient = () => {
      throw new Error('broken');
    };
    bind(Coats, broken);
    expect(await handshake(broken)).toBe(500);
  });

  it('end the sockets that came another way', async () => {
    @WebSocketGateway()
    class Coats {}

    await start([Coats]);
    const server = new WsServer();
    bind(Coats, server);
    const socket = Object.assign(new EventEmitter(), {
      isOver: false,
      terminate: () => (socket.isOver = true),
    });
    server.emit('connection', socket, new IncomingMessage(new Socket()));
    expect(socket.isOver).toBe(true);
  });

  it('are refused on a server of an unknown kind, unless they are public', async () => {
    @WebSocketGateway()
    class Coats {}

    @WebSocketGateway()
    @Public()
    class Open {}

    await start([Coats, Open]);
    for (const server of [{}, { on: () => {} }, { options: {} }])
      expect(() => bind(Coats, server)).toThrow(
        /^Coats is a gateway of an adapter that Coatcheck does not know/,
      );
    expect(() => bind(Open, {})).not.toThrow();
  });

  it.each([
    [Public, 'everybody'],
    [OptionalAuth, 'anonymous clients, too'],
  ])('are refused if they share a server and admit others: %p', async (decorator, words) => {
    @WebSocketGateway()
    class Coats {}

    @WebSocketGateway()
    @decorator()
    class Lounge {}

    await start([Coats, Lounge]);
    const server = new WsServer();
    bind(Coats, server);
    expect(() => bind(Lounge, server)).toThrow(`Coats admits users only and Lounge ${words}`);
  });

  it('are refused if socket.io would admit clients that come back without a check', async () => {
    @WebSocketGateway()
    class Coats {}

    await start([Coats]);
    for (const recovery of [{}, { skipMiddlewares: true }]) {
      const namespace = new Namespace(new IoServer({ connectionStateRecovery: recovery }));
      expect(() => bind(Coats, namespace)).toThrow('connectionStateRecovery: { skipMiddlewares: false }');
    }
    const namespace = new Namespace(new IoServer({ connectionStateRecovery: { skipMiddlewares: false } }));
    bind(Coats, namespace);
    expect(namespace.middleware).toHaveLength(1);
  });

  it('share the namespace / of socket.io, whether Nest hands over that or the server', async () => {
    @WebSocketGateway()
    class Coats {}

    @WebSocketGateway()
    class Hats {}

    await start([Coats, Hats]);
    const server = new IoServer();
    bind(Coats, Object.assign(new Namespace(), server));
    bind(Hats, server.sockets);
    expect(server.sockets.middleware).toHaveLength(1);
  });

  it('close the namespaces of socket.io that have no gateway, and leave a public one open', async () => {
    @WebSocketGateway()
    class Coats {}

    @WebSocketGateway()
    @Public()
    class Open {}

    await start([Coats, Open]);
    const server = new IoServer();
    bind(Coats, new Namespace(server));
    const [own, open] = [new Namespace(server), new Namespace(server)];
    for (const namespace of [own, open]) server.emit('new_namespace', namespace);
    bind(Open, open);
    const below = new Namespace(server);
    below.on('connection', own.listeners('connection')[0] as () => void);
    server.emit('new_namespace', below);
    expect(below.middleware).toEqual([]);
    for (const namespace of [server.sockets, own])
      expect(await namespace.refusal()).toMatchObject({ data: { code: 'credentials_missing' } });
    expect(await open.refusal()).toBeUndefined();
  });
});

describe('Gateways where `global` is false', () => {
  it('are open, as routes are, and so are namespaces without a gateway', async () => {
    @WebSocketGateway()
    class Coats {}

    await start([Coats], { global: false });
    const io = new IoServer();
    bind(Coats, new Namespace(io));
    expect(await io.sockets.refusal()).toBeUndefined();
    const server = new WsServer();
    bind(Coats, server);
    expect(await handshake(server)).toBe(101);
  });

  it('are closed by `@UseGuards(AuthGuard)` on the class', async () => {
    @WebSocketGateway()
    @UseGuards(AuthGuard)
    class Coats {}

    await start([Coats], { global: false });
    const server = new WsServer();
    bind(Coats, server);
    expect(await handshake(server)).toBe(401);
  });

  it('are closed by an APP_GUARD of the application, which Nest 11 does not apply to them', async () => {
    @WebSocketGateway()
    class Coats {}

    await start([Coats], { global: false }, [{ provide: APP_GUARD, useExisting: AuthGuard }]);
    const server = new WsServer();
    bind(Coats, server);
    expect(await handshake(server)).toBe(401);
  });

  it('are refused if a handler says `@Roles()` without its guard', async () => {
    class Handlers {
      @Roles('admin')
      sell() {}
    }

    @WebSocketGateway()
    @UseGuards(AuthGuard)
    class Coats extends Handlers {}

    @WebSocketGateway()
    @UseGuards(AuthGuard, RolesGuard)
    class Hats extends Handlers {}

    await expect(start([Coats], { global: false })).rejects.toThrow(
      'Coats.sell has @Roles() without RolesGuard',
    );
    await start([Hats], { global: false });
  });
});
