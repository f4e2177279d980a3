import { setTimeout as delay } from 'node:timers/promises';
import { type Client, connect } from './client.js';
import { register, request, signIn } from './people.js';
import { Server } from './processes.js';

const { SOCKETS = '2000', RECHECK = '5000', ROUNDS = '10' } = process.env;
const count = Number(SOCKETS);
const PEOPLE = 50;

/** Microseconds of CPU that a server takes in some milliseconds. */
async function cpuOf(url: string, ms: number): Promise<number> {
  const used = async () => {
    const { cpu } = (await request(url, 'GET', '/alive')).body as { cpu: NodeJS.CpuUsage };
    return cpu.user + cpu.system;
  };
  const before = await used();
  await delay(ms);
  return (await used()) - before;
}

/** Two sockets of each of many sessions; some sessions end in another process. Prints one JSON text. */
async function main() {
  const here = await Server.start({});
  const there = await Server.start({});
  try {
    const people = Array.from({ length: PEOPLE }, (_, index) => `person${index}`);
    await register(here.url, ...people);
    const idle = await cpuOf(here.url, 2 * Number(RECHECK));
    const cookies: string[] = [];
    for (let index = 0; index < count / 2; index += 10)
      cookies.push(
        ...(await Promise.all(
          Array.from({ length: 10 }, (_, place) => signIn(there.url, people[(index + place) % PEOPLE]!)),
        )),
      );
    const sockets: Client[] = [];
    for (const cookie of cookies)
      sockets.push(
        ...(await Promise.all([0, 1].map(() => connect(here.url, '/closed', { headers: { cookie } })))),
      );
    const opened = sockets.filter(({ isOpen }) => isOpen).length;
    const quiet = await cpuOf(here.url, 10 * Number(RECHECK));
    const times: number[] = [];
    const ended = new Set<Client>();
    for (let round = 0; round < Number(ROUNDS); round++) {
      await delay(Math.random() * Number(RECHECK));
      const place = Math.floor((round * cookies.length) / Number(ROUNDS));
      const two = sockets.slice(2 * place, 2 * place + 2);
      const since = performance.now();
      await request(there.url, 'DELETE', '/auth_session/logout', undefined, { cookie: cookies[place]! });
      const reasons = await Promise.all(two.map(({ closed }) => closed));
      times.push(performance.now() - since);
      if (reasons.every((reason) => reason.includes('session_signed_out')))
        for (const one of two) ended.add(one);
    }
    const others = sockets.filter((one) => !ended.has(one));
    const answers = await Promise.all(
      others.filter((_, index) => index % 20 === 0).map((one) => one.say('who')),
    );
    console.log(
      JSON.stringify({
        opened,
        ended: ended.size,
        unharmed: others.filter(({ isOpen }) => isOpen).length,
        unanswered: answers.filter((answer) => !answer.startsWith('person')).length,
        times: times.map(Math.round),
        /** Milliseconds of CPU in an interval, beyond those of the server without sockets. */
        cpu: (quiet / 10 - idle / 2) / 1000,
      }),
    );
  } finally {
    await Promise.all([here.stop(), there.stop()]);
  }
  process.exit(0);
}

void main();
