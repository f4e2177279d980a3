import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { Server, newFolder } from '../../test/support/server.js';
import { auc } from './auc.js';
import { populate } from './harness.js';

/** The routes that must not tell whether an address has an account, and their bodies. */
export const FLOWS = {
  forgot: { path: '/api/v1/password/forgot', bodyOf: (email: string) => ({ email }) },
  register: {
    path: '/api/v1/users',
    bodyOf: (email: string) => ({ email, password: 'a long password of mine' }),
  },
} as const;

export type Flow = keyof typeof FLOWS;

/** Requests that are made before any counts. */
const WARM_UP = 100;

const KINDS = ['known address', 'unknown address'] as const;

type Kind = (typeof KINDS)[number];

/**
 * Asks for mails to addresses with an account and without one, in random turn, and compares the times: of the requests themselves, and of
 * those after them, because a mail is made after the answer.
 */
export async function measureMails(flow: Flow, count: number, cost: number) {
  const folder = newFolder();
  const known = (await populate(folder, 4 * (count + WARM_UP), cost))['wrong password'];
  const server = await Server.start(folder, {
    PASSWORD_HASH_COST: String(cost),
    TRUST_PROXY: '1',
    REGISTRATION: 'open',
    LOG_LEVEL: 'silent',
    STORE_TIMEOUT: '10s',
    MAIL_URL: 'file:mail',
    MAILS_PER_NETWORK: '10000',
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const own: Record<Kind, number[]> = { 'known address': [], 'unknown address': [] };
  const next: Record<Kind, number[]> = { 'known address': [], 'unknown address': [] };
  let before: Kind | null = null;
  try {
    for (let round = 0; round < 2 * (count + WARM_UP); round += 1) {
      const kind = KINDS[randomInt(2)]!;
      const email = kind === 'known address' ? known[round % known.length]! : `nobody-${round}@example.com`;
      const ms = await ask(server.url + FLOWS[flow].path, agent, FLOWS[flow].bodyOf(email));
      if (round >= 2 * WARM_UP) {
        own[kind].push(ms);
        if (before) next[before].push(ms);
      }
      before = kind;
    }
  } finally {
    agent.destroy();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
  const [one, other] = KINDS;
  return [
    { pair: `${one}, ${other}`, area: auc(own[one], own[other]) },
    { pair: `after ${one}, after ${other}`, area: auc(next[one], next[other]) },
  ];
}

/** Milliseconds until a request is accepted, from a network of its own. */
function ask(url: string, agent: Agent, body: object): Promise<number> {
  const from = `10.${randomInt(2, 256)}.${randomInt(256)}.${randomInt(256)}`;
  const headers = { 'x-forwarded-for': from, 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const sent = request(url, { agent, method: 'POST', headers }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 202) resolve(performance.now() - begin);
        else reject(new Error(`A request was answered with ${response.statusCode}.`));
      });
    });
    sent.once('error', reject);
    sent.end(JSON.stringify(body));
  });
}
