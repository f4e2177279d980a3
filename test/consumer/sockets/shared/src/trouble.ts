import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from './client.js';
import { register, request, signIn } from './people.js';
import { Server } from './processes.js';

/** Passes bytes to the store, and can stop doing so. */
async function proxyTo(host: string, port: number) {
  const sockets = new Set<Socket>();
  let isDown = false;
  const proxy = createServer((socket) => {
    if (isDown) return socket.destroy();
    const other = connectTcp(port, host);
    for (const one of [socket, other]) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => [socket, other].forEach((end) => end.destroy()));
    }
    socket.pipe(other);
    other.pipe(socket);
    return undefined;
  });
  await new Promise<void>((ready) => proxy.listen(0, '127.0.0.1', ready));
  return {
    port: (proxy.address() as { port: number }).port,
    stop() {
      isDown = true;
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
    go() {
      isDown = false;
    },
  };
}

/** What sockets get while the store is away, and what idle limits do to them. Prints one JSON text. */
async function main() {
  const { STORE_URL = '', RECHECK = '1000' } = process.env;
  const store = new URL(STORE_URL);
  const proxy = await proxyTo(store.hostname, Number(store.port));
  store.port = String(proxy.port);
  store.hostname = '127.0.0.1';
  const server = await Server.start({
    STORAGE: JSON.stringify({ database: store.href }),
    LIFETIME: JSON.stringify({ idle: 6 * Number(RECHECK), absolute: 3_600_000 }),
  });
  try {
    await register(server.url, 'root');
    const socketOf = async () =>
      connect(server.url, '/closed', { headers: { cookie: await signIn(server.url, 'root') } });

    // An open socket is no use of the session; a message is one.
    const [silent, talking] = [await socketOf(), await socketOf()];
    for (let second = 0; second < 9; second++) {
      await delay(Number(RECHECK));
      if (talking.isOpen) await talking.say('who');
    }
    const idle = {
      silent: await Promise.race([silent.closed, delay(0, 'open')]),
      talking: await talking.say('who'),
    };

    const one = await socketOf();
    proxy.stop();
    const since = performance.now();
    await delay(1.1 * Number(RECHECK));
    const message = await one.say('who');
    const handshake = (await socketOf().catch(() => null)) as null;
    const anonymous = await connect(server.url, '/optional', { headers: { cookie: 'sid=abc' } });
    const how = await one.closed;
    const after = Math.round(performance.now() - since);
    proxy.go();
    await delay(2000);
    const again = await socketOf();
    const recovered = await again.say('who');
    console.log(
      JSON.stringify({ idle, message, handshake, anonymous: anonymous.outcome, how, after, recovered }),
    );
  } finally {
    await server.stop();
  }
  process.exit(0);
}

void main();
