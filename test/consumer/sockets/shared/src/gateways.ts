import {
  type OnGatewayConnection,
  type OnGatewayInit,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import {
  CurrentSession,
  CurrentUser,
  Fresh,
  OptionalAuth,
  Public,
  Roles,
  type User,
  socketPrincipal,
} from 'coatcheck';

export const LIBRARY = process.env.LIBRARY === 'io' ? 'io' : 'ws';

/** How often each gateway was told of a client. */
export const connections: Record<string, number> = {};

/** A gateway of its own path with `ws`, and of its own namespace with `socket.io`. */
const at = (name: string) => (LIBRARY === 'io' ? { namespace: `/${name}` } : { path: `/${name}` });

const emailOf = (client: object) => socketPrincipal<User>(client)?.user.email ?? 'nobody';

abstract class Coats implements OnGatewayConnection {
  handleConnection(client: object): void {
    const { name } = this.constructor;
    connections[name] = (connections[name] ?? 0) + 1;
    const email = emailOf(client);
    connections[`${name} ${email}`] = (connections[`${name} ${email}`] ?? 0) + 1;
  }
}

/** It has no `@WebSocketServer()` property. */
@WebSocketGateway(at('closed'))
export class ClosedGateway extends Coats {
  @SubscribeMessage('who')
  who(@CurrentUser() user: User | null) {
    return { event: 'answer', data: user?.email ?? 'nobody' };
  }

  @SubscribeMessage('session')
  session(@CurrentSession() session: { id: string } | null) {
    return { event: 'answer', data: session ? 'a session' : 'none' };
  }

  @SubscribeMessage('role')
  @Roles('admin')
  role() {
    return { event: 'answer', data: 'an administrator' };
  }

  @SubscribeMessage('fresh')
  @Fresh('1ms', ({ colour }) => colour === 'red')
  fresh() {
    return { event: 'answer', data: 'fresh' };
  }

  @SubscribeMessage('long')
  long() {
    return { event: 'answer', data: 'x'.repeat(1_000_000) };
  }

  @SubscribeMessage('open')
  @Public()
  open() {
    return { event: 'answer', data: 'open' };
  }
}

/** The same path, so the same server: both are told of each client. */
@WebSocketGateway(at('closed'))
export class BesideGateway extends Coats {}

@WebSocketGateway(at('open'))
@Public()
export class OpenGateway extends Coats {
  @SubscribeMessage('who')
  who() {
    return { event: 'answer', data: 'everybody' };
  }

  @SubscribeMessage('role')
  @Roles('admin')
  role() {
    return { event: 'answer', data: 'an administrator' };
  }
}

@WebSocketGateway(at('optional'))
@OptionalAuth()
export class OptionalGateway extends Coats {
  @SubscribeMessage('who')
  who(@CurrentUser() user: User | null) {
    return { event: 'answer', data: user?.email ?? 'nobody' };
  }
}

@WebSocketGateway(at('admins'))
@Roles('admin')
export class AdminsGateway extends Coats {
  @SubscribeMessage('who')
  who(@CurrentUser() user: User) {
    return { event: 'answer', data: user.email };
  }
}

interface SideSocket {
  on(event: 'who', listener: () => void): void;
  emit(event: 'answer', data: string): void;
}

interface OwnServer {
  options?: { verifyClient?: unknown };
  /** The server of a namespace. */
  server?: { of(name: string): { on(event: 'connection', listener: (socket: SideSocket) => void): void } };
  use?(
    middleware: (
      socket: { handshake: { query: { banned?: string } } },
      next: (error?: Error) => void,
    ) => void,
  ): void;
}

/** A gateway whose application decides about handshakes, too. */
@WebSocketGateway(at('own'))
export class OwnGateway extends Coats implements OnGatewayInit {
  afterInit(server: OwnServer): void {
    const isBanned = (url = '') => url.includes('banned');
    if (server.options)
      server.options.verifyClient = ({ req }: { req: { url?: string } }) => !isBanned(req.url);
    server.use?.((socket, next) => next(socket.handshake.query.banned ? new Error('banned') : undefined));
    // A namespace that has no gateway.
    server.server?.of('/side').on('connection', (socket) => {
      socket.on('who', () => socket.emit('answer', emailOf(socket)));
    });
  }

  @SubscribeMessage('who')
  who(@CurrentUser() user: User) {
    return { event: 'answer', data: user.email };
  }
}

/** A namespace of any number. `ws` has none. */
@WebSocketGateway(LIBRARY === 'io' ? { namespace: /^\/room-\d+$/ } : { path: '/room-1' })
export class RoomGateway extends Coats {
  @SubscribeMessage('who')
  who(@CurrentUser() user: User) {
    return { event: 'answer', data: user.email };
  }
}

/** The same for everybody. */
@WebSocketGateway(LIBRARY === 'io' ? { namespace: /^\/hall-\d+$/ } : { path: '/hall-1' })
@Public()
export class HallGateway extends Coats {
  @SubscribeMessage('who')
  who() {
    return { event: 'answer', data: 'everybody' };
  }
}

export const GATEWAYS = [
  ClosedGateway,
  BesideGateway,
  OpenGateway,
  OptionalGateway,
  AdminsGateway,
  OwnGateway,
  RoomGateway,
  HallGateway,
];
