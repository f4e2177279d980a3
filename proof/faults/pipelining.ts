import { readFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from '../../test/support/server.js';
import type { Measurement, Scale, Scenario } from './scenario.js';
import { Client, Stage, told } from './support.js';

/** Connections that send so many bytes of requests at once, and read no answer. */
const CONNECTIONS = 40;
const BYTES = 800_000;

/** MiB that the server may take, and milliseconds after which such connections are closed. */
const MOST_MEMORY = 300;
const CLOSED_WITHIN = 35_000;

const REQUESTS: Readonly<Record<string, { readonly path: string; readonly inFlight: number }>> = {
  'as many as fit': { path: '/api/v1/status', inFlight: Infinity },
  'the description of the API, a hundred at a time': { path: '/openapi.json', inFlight: 100 },
};

/** Clients that send and never read. */
export const pipelining: readonly Scenario[] = Object.entries(REQUESTS).map(([kind, requests]) => ({
  title: `unread answers to pipelined requests, ${kind}`,
  play: (scale) => play(kind, requests, scale),
}));

async function play(
  kind: string,
  { path, inFlight }: (typeof REQUESTS)[string],
  scale: Scale,
): Promise<Measurement[]> {
  return Stage.play('sqlite', async (stage) => {
    const server = await stage.start();
    const { hostname, port } = new URL(server.url);
    const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const batch = request.repeat(Math.min(inFlight, Math.ceil(BYTES / request.length)));
    const client = new Client(server);
    await client.send('GET', '/status');
    const before = memoryOf(server, 'VmRSS');
    // One is the client's that looks on.
    const left = () => Math.max(0, connectionsTo(Number(port)) - 1);
    const begin = performance.now();
    const sockets = Array.from({ length: CONNECTIONS }, () => unreading(Number(port), hostname, batch));
    const deadline = begin + (scale === 'short' ? 5_000 : CLOSED_WITHIN + 5_000);
    let slowest = 0;
    await delay(200);
    while (performance.now() < deadline && left() > 0) {
      slowest = Math.max(slowest, (await client.send('GET', '/status'))?.ms ?? Infinity);
      await delay(20);
    }
    const took = performance.now() - begin;
    const open = left();
    const peak = memoryOf(server, 'VmHWM');
    for (const socket of sockets) socket.destroy();
    client.close();
    return [
      {
        what: `most memory of the server, ${before} MiB before`,
        store: kind,
        measured: `${peak} MiB`,
        target: `${MOST_MEMORY} MiB`,
        isMet: peak <= MOST_MEMORY,
      },
      {
        what: `connections of ${CONNECTIONS} that are open after ${Math.round(took / 1000)} s`,
        store: kind,
        measured: `${open}`,
        target: scale === 'short' ? '–' : '0',
        isMet: scale === 'short' || open === 0,
      },
      told('slowest GET /status in the meantime', kind, `${Math.round(slowest)} ms`),
    ];
  });
}

/** A connection that sends a batch and reads nothing. */
function unreading(port: number, host: string, batch: string): Socket {
  const socket = connect(port, host).on('error', () => {});
  socket.pause();
  socket.write(batch);
  return socket;
}

/** Connections to a port of this machine that its server has not closed. */
function connectionsTo(port: number): number {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return lines.filter((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    return local.endsWith(end) && state === '01';
  }).length;
}

/** In MiB. */
function memoryOf({ pid }: Server, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
}
