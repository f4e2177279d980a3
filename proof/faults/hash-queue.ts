import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'node:http';
import type { Measurement, Scale, Scenario } from './scenario.js';
import { PASSWORD, Stage, inParallel, percentile, told } from './support.js';

/** Connections of the flood, each of which sends its next request as soon as the last one is answered. */
const FLOOD = 130;
/** Other people, who sign in at the same time. */
const OTHERS = 8;
/** Accounts of a flood that uses several. */
const ACCOUNTS = 10;

const LIMITS = { signIn: 3000, me: 50 };

interface Call {
  readonly method: string;
  readonly path: string;
  readonly ip: string;
  readonly authorization?: string;
  readonly cookie?: string;
  readonly body?: object;
}

interface Answer {
  readonly status: number;
  readonly ms: number;
  readonly retryAfter: string | undefined;
  readonly cookie: string | undefined;
}

/** The request that a connection of a flood sends again and again. */
type Flood = (lane: number, round: number) => Call;

const login = (email: string, ip: string): Call => ({
  method: 'POST',
  path: '/auth_session/login',
  ip,
  body: { email, password: PASSWORD },
});
const flooder = (index: number) => `flooder${index}@example.com`;
/** Where somebody else is. */
const elsewhere = (index: number) => `198.51.100.${index}`;
const networkOfLane = (lane: number) => `192.0.${lane}.1`;
const ONE = networkOfLane(0);

const FLOODS: Readonly<
  Record<string, { readonly send: Flood; readonly others?: (index: number) => string }>
> = {
  'signs in to its own account': { send: () => login(flooder(0), ONE) },
  'signs in to its own account, from the same address': {
    send: () => login(flooder(0), ONE),
    others: () => ONE,
  },
  'signs in to many accounts from one network': { send: (lane) => login(flooder(lane % ACCOUNTS), ONE) },
  'signs in to one account from many networks': {
    send: (lane) => login(flooder(0), networkOfLane(lane)),
  },
  'sends wrong passwords in Basic headers': {
    send: (_, round) => ({
      method: 'GET',
      path: '/users/me',
      ip: ONE,
      authorization: `Basic ${Buffer.from(`${flooder(0)}:wrong ${round}`).toString('base64')}`,
    }),
  },
  'registers many accounts': {
    send: (lane, round) => ({
      method: 'POST',
      path: '/users',
      ip: ONE,
      body: { email: `new.${lane}.${round}@example.com`, password: PASSWORD },
    }),
  },
};

/** One account or one network keeps the threads for hashes busy, and other people sign in. */
export const hashQueue: readonly Scenario[] = Object.entries(FLOODS).map(([title, flood]) => ({
  title: `hash queue, while a flood ${title}`,
  play: (scale) => play(title, flood, scale),
}));

async function play(
  title: string,
  { send, others = elsewhere }: (typeof FLOODS)[string],
  scale: Scale,
): Promise<Measurement[]> {
  return Stage.play('sqlite', async (stage) => {
    const { url } = await stage.start({
      PASSWORD_HASH_COST: '12',
      AUTH_TYPE: 'session_db_auth,basic_auth',
      TRUST_PROXY: '127.0.0.1',
      LOG_LEVEL: 'fatal',
    });
    const agent = new Agent({ keepAlive: true });
    const call = (what: Call) => ask(agent, url, what);
    const people = Array.from({ length: OTHERS }, (_, index) => `other${index}@example.com`);
    for (const email of [...people, ...Array.from({ length: ACCOUNTS }, (_, index) => flooder(index))])
      await call({ method: 'POST', path: '/users', ip: ONE, body: { email, password: PASSWORD } });
    await call(login(flooder(0), ONE));
    const { cookie = '' } = await call(login(people[0]!, others(0)));

    const over = new AbortController();
    const flooded: Answer[] = [];
    const flood = inParallel(FLOOD, async (lane) => {
      for (let round = 0; !over.signal.aborted; round += 1) flooded.push(await call(send(lane, round)));
    });
    await delay(2000);
    const seen = watchMe(call, cookie, over.signal);
    const signIns: Answer[] = [];
    for (let round = 0; round < (scale === 'short' ? 1 : 5); round += 1)
      signIns.push(...(await Promise.all(people.map((email, index) => call(login(email, others(index)))))));
    over.abort();
    const [looks] = await Promise.all([seen, flood]);
    agent.destroy();
    return [
      told('answers to the flood', title, tally(flooded)),
      {
        what: `sign-ins of ${OTHERS} others at once that succeeded`,
        store: title,
        measured: `${signIns.filter(({ status }) => status === 200).length} of ${signIns.length}`,
        target: 'all',
        isMet: signIns.every(({ status }) => status === 200),
      },
      within('p99 of these sign-ins', title, signIns, LIMITS.signIn),
      within('p99 of GET /users/me of others', title, looks, LIMITS.me),
      {
        what: 'answers 429 without Retry-After',
        store: title,
        measured: `${flooded.filter(isWithoutAdvice).length}`,
        target: '0',
        isMet: !flooded.some(isWithoutAdvice),
      },
    ];
  });
}

function within(what: string, store: string, answers: readonly Answer[], limit: number): Measurement {
  const p99 = percentile(
    answers.map(({ ms }) => ms),
    0.99,
  );
  return {
    what,
    store,
    measured: `${Math.round(p99)} ms`,
    target: `${limit} ms`,
    isMet: answers.length > 0 && p99 <= limit,
  };
}

function isWithoutAdvice({ status, retryAfter }: Answer): boolean {
  return status === 429 && !/^\d+$/.test(retryAfter ?? '');
}

function tally(answers: readonly Answer[]): string {
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts]
    .toSorted(([a], [b]) => a - b)
    .map(([status, count]) => `${count} × ${status}`)
    .join(', ');
}

async function watchMe(
  call: (what: Call) => Promise<Answer>,
  cookie: string,
  over: AbortSignal,
): Promise<Answer[]> {
  const answers: Promise<Answer>[] = [];
  while (!over.aborted) {
    answers.push(call({ method: 'GET', path: '/users/me', ip: elsewhere(0), cookie }));
    await delay(20);
  }
  return (await Promise.all(answers)).filter(({ status }) => status === 200);
}

/** Status 0 where the connection broke. */
function ask(
  agent: Agent,
  url: string,
  { method, path, ip, authorization, cookie, body }: Call,
): Promise<Answer> {
  const payload = body === undefined ? '' : JSON.stringify(body);
  const headers = {
    'x-forwarded-for': ip,
    ...(payload !== '' && {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(payload),
    }),
    ...(authorization !== undefined && { authorization }),
    ...(cookie !== undefined && { cookie }),
  };
  const begin = performance.now();
  return new Promise((resolve) => {
    const end = (status: number, retryAfter?: string, set?: string) =>
      resolve({ status, ms: performance.now() - begin, retryAfter, cookie: set });
    const sent = request(`${url}/api/v1${path}`, { method, headers, agent }, (response) => {
      const { statusCode = 0, headers: received } = response;
      const set = received['set-cookie']?.[0]?.split(';', 1)[0];
      response.resume().once('end', () => end(statusCode, received['retry-after'], set));
    });
    sent.once('error', () => end(0));
    sent.end(payload);
  });
}
