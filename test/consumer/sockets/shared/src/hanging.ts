import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { LIBRARY } from './client.js';
import { register, request, signIn } from './people.js';
import { Server } from './processes.js';

const WAIT = 10_000;

/** A frame with a short text, masked with zeros. */
function frame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

/** Opens a WebSocket that answers no frame. */
async function open(url: string, cookie: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  const path = LIBRARY === 'io' ? '/socket.io/?EIO=4&transport=websocket' : '/closed';
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nCookie: ${cookie}\r\n\r\n`,
  );
  const [head] = (await once(socket, 'data')) as [Buffer];
  if (!head.toString('latin1').includes(' 101 ')) throw new Error(head.toString('latin1'));
  if (LIBRARY === 'io') socket.write(frame('40/closed,'));
  return socket;
}

async function openAt(url: string): Promise<number> {
  return Number((await request(url, 'GET', '/alive')).body.sockets);
}

/** Milliseconds until the server has none of the sockets of a session that has ended; null if it keeps one. */
async function lifeOf(here: Server, there: Server, cookie: string): Promise<number | null> {
  const since = performance.now();
  await request(there.url, 'DELETE', '/auth_session/logout', undefined, { cookie });
  while (performance.now() - since < WAIT) {
    if ((await openAt(here.url)) === 0) return Math.round(performance.now() - since);
    await delay(20);
  }
  return null;
}

/** Sessions end whose clients do not answer, or do not even read. Prints one JSON text. */
async function main() {
  const [here, there] = [await Server.start({}), await Server.start({})];
  try {
    await register(here.url, 'ann');
    const first = await signIn(there.url, 'ann');
    const silent = await open(here.url, first);
    silent.resume();
    await delay(300);
    const opened = await openAt(here.url);
    const silentFor = await lifeOf(here, there, first);

    const second = await signIn(there.url, 'ann');
    const deaf = await open(here.url, second);
    await delay(300);
    deaf.pause();
    for (let count = 0; count < 40; count++)
      deaf.write(frame(LIBRARY === 'io' ? '42/closed,["long"]' : '{"event":"long"}'));
    await delay(1000);
    const deafFor = await lifeOf(here, there, second);
    console.log(JSON.stringify({ opened, silentFor, deafFor }));
  } finally {
    await Promise.all([here.stop(), there.stop()]);
  }
  process.exit(0);
}

void main();
