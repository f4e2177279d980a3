import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Nginx, type NginxSettings, hasNginx } from '../../test/support/nginx.js';
import type { Server } from '../../test/support/server.js';
import type { Measurement, Scale, Scenario } from './scenario.js';
import { MissingEngineError, Stage, none, told } from './support.js';

const MEGABYTE = Buffer.alloc(1024 * 1024, ' ');

/** Refused requests a second, and clients that ask for something else all the time. */
const RATE = 5;
const OTHERS = 4;

const MODES: readonly (NginxSettings & { readonly title: string })[] = [
  { title: 'nginx as it comes', keepAlive: false, buffering: true },
  { title: 'nginx that keeps its connections', keepAlive: true, buffering: true },
  { title: 'nginx that does not buffer', keepAlive: false, buffering: false },
  { title: 'nginx that does neither', keepAlive: true, buffering: false },
];

/** A proxy takes a backend that resets a connection for a failed one, and then refuses everybody. */
export const refusedBodies: readonly Scenario[] = MODES.map((mode) => ({
  title: `refused bodies of 1 MB behind ${mode.title}`,
  play: (scale) => play(mode, scale),
}));

async function play(mode: (typeof MODES)[number], scale: Scale): Promise<Measurement[]> {
  if (!hasNginx()) throw new MissingEngineError('There is no nginx.');
  return Stage.play('sqlite', async (stage) => {
    // An nginx that is told nothing else asks for the name of its upstream.
    const variables = { ALLOWED_HOSTS: 'coatcheck' };
    const servers = [await stage.start(variables), await stage.start(variables)];
    const nginx = await Nginx.start(
      servers.map(({ url }) => url),
      mode,
    );
    try {
      const api = `http://127.0.0.1:${nginx.port}/api/v1`;
      const end = performance.now() + (scale === 'short' ? 4_000 : 60_000);
      const cpu = cpuOf(servers);
      const others = Array.from({ length: OTHERS }, () => statusesUntil(end, api));
      const refused = await refusedUntil(end, api);
      const answers = (await Promise.all(others)).flat();
      const spent = cpuOf(servers) - cpu;
      const wrong = answers.filter((status) => status !== 200);
      return [
        none(
          `requests of others that failed beside ${RATE} refusals a second`,
          mode.title,
          wrong.length,
          answers.length,
        ),
        none(
          'refusals that did not arrive',
          mode.title,
          refused.filter((status) => status !== 401).length,
          refused.length,
        ),
        told('CPU time of both servers, in all', mode.title, `${spent} ms`),
      ];
    } finally {
      await nginx.stop();
    }
  });
}

/** The statuses that anonymous requests with a large body get. */
async function refusedUntil(end: number, api: string): Promise<number[]> {
  const refusals: Promise<number>[] = [];
  for (let next = performance.now(); next < end; next += 1000 / RATE) {
    await delay(next - performance.now());
    refusals.push(refusedStatus(`${api}/access_tokens`));
  }
  return Promise.all(refusals);
}

async function statusesUntil(end: number, api: string): Promise<number[]> {
  const statuses: number[] = [];
  while (performance.now() < end) {
    statuses.push(await statusOf(`${api}/status`));
    await delay(5);
  }
  return statuses;
}

/** The status that an anonymous request with a large body gets, on a connection of its own; 0 where there is no answer. */
async function refusedStatus(url: string): Promise<number> {
  const post = request(url, { method: 'POST', agent: false, headers: { 'Content-Length': MEGABYTE.length } });
  try {
    const answered = once(post, 'response') as Promise<[IncomingMessage]>;
    post.end(MEGABYTE);
    const [answer] = await answered;
    await answer.resume().toArray();
    return answer.statusCode!;
  } catch {
    return 0;
  }
}

/** 0 where there is no answer. */
async function statusOf(url: string): Promise<number> {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

/** Milliseconds that processes have spent on a processor. */
function cpuOf(servers: readonly Server[]): number {
  const ticks = servers.map(({ pid }) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return Number(fields[11]) + Number(fields[12]);
  });
  return 10 * ticks.reduce((sum, one) => sum + one, 0);
}
