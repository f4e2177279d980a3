import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { HostOptions } from './consumer/host/src/options.js';
import {
  Host,
  type HostAnswer,
  comparable,
  exchange,
  headerOf,
  installHost,
  parseAnswer,
} from './support/host.js';
import { type HostRequest, HostRequests, PASSWORD, bytesOf } from './support/host-requests.js';
import { Server, newFolder } from './support/server.js';

/** npm installs packages. */
jest.setTimeout(300_000);

const USUAL: HostOptions = {
  coatcheck: 'last',
  steps: ['helmet', 'cookies', 'cors', 'prefix', 'versioning', 'globals', 'parsers', 'assets', 'swagger'],
  versioning: 'uri',
  globals: 'providers',
  forbidNonWhitelisted: false,
  envelope: false,
  catchAll: 'none',
  bodies: 'raw',
  singlePage: false,
};

/** How people put an application together. */
const APPLICATIONS: Readonly<Record<string, Partial<HostOptions>>> = {
  'providers in the root module, the catch-all filter of the documentation': { catchAll: 'own' },
  'Coatcheck imported first, global calls, versions in a header': {
    coatcheck: 'first',
    globals: 'calls',
    versioning: 'header',
    catchAll: 'base',
    forbidNonWhitelisted: true,
    bodies: 'nest',
    steps: ['globals', 'versioning', 'swagger', 'assets', 'cors', 'prefix', 'parsers', 'cookies', 'helmet'],
  },
  'an envelope around every answer, no filter for everything': { envelope: true },
  'global calls with the filter of the documentation': {
    globals: 'calls',
    catchAll: 'own',
    envelope: true,
    steps: ['cors', 'helmet', 'parsers', 'swagger', 'prefix', 'globals', 'cookies', 'assets', 'versioning'],
  },
  'nothing but routes': {
    globals: 'none',
    versioning: 'none',
    steps: [],
    bodies: 'nest',
    coatcheck: 'first',
  },
  'bodies parsed by Express, versions by media type': {
    bodies: 'express',
    versioning: 'media-type',
    coatcheck: 'first',
    catchAll: 'base',
    steps: ['parsers', 'prefix', 'versioning', 'globals', 'cookies', 'cors', 'assets', 'helmet'],
  },
  'bodies parsed by nobody': { bodies: 'none', catchAll: 'own', forbidNonWhitelisted: true },
  'pages of a client on every path': { singlePage: true, coatcheck: 'first', catchAll: 'own' },
};

/** The server, which our routes are compared with, and where they are there. */
const SERVER = {
  AUTH_TYPE: 'session_auth',
  SESSION_NAME: 'sid',
  DATABASE_URL: 'memory:',
  LOG_LEVEL: 'warn',
};
const IN_SERVER: HostOptions = { ...USUAL, steps: ['prefix', 'versioning'], versioning: 'uri' };

/** What a visitor of another site sends who has signed in. */
const FROM_ELSEWHERE = [
  ['Origin', 'https://app.example.com'],
  ['Sec-Fetch-Site', 'cross-site'],
] as const;

interface Comparison {
  readonly compared: number;
  readonly different: readonly object[];
}

describe('An application that imports Coatcheck', () => {
  let folder: string;
  let server: Server;
  const hosts: Host[] = [];

  beforeAll(async () => {
    folder = await installHost();
    server = await Server.start(newFolder(), SERVER);
    const requests = new HostRequests(IN_SERVER);
    const to = async (request: HostRequest) => expect((await ask(server, request)).status).toBe(201);
    const root = { email: 'root@example.com', password: PASSWORD };
    await to(requests.json('POST', 'users', root));
    const cookie = ['Cookie', await login(server, requests, root.email)] as const;
    await to(requests.json('POST', 'users', { email: 'ann@example.com', password: PASSWORD }, [cookie]));
  });

  afterAll(async () => {
    await Promise.all(hosts.map((host) => host.stop()));
    await server.stop();
  });

  /** The application without Coatcheck and with it. */
  async function startBoth(options: HostOptions): Promise<[without: Host, withCoatcheck: Host]> {
    const both = [Host.start(folder, options, false), Host.start(folder, options, true)] as const;
    for (const starting of both) hosts.push(await starting);
    return Promise.all(both);
  }

  async function compare(
    [without, withCoatcheck]: readonly [Host, Host],
    requests: readonly HostRequest[],
    more: HostRequest['headers'] = [],
  ): Promise<Comparison> {
    const different: object[] = [];
    for (const request of requests) {
      const bytes = bytesOf(request, more);
      const [expected, found] = await Promise.all([
        exchange(without.url, bytes),
        exchange(withCoatcheck.url, bytes),
      ]);
      const [before, after] = [comparable(parseAnswer(expected)), comparable(parseAnswer(found))];
      if (before !== after) different.push({ name: request.name, before, after });
    }
    return { compared: requests.length, different };
  }

  async function login(host: { url: string }, requests: HostRequests, email: string): Promise<string> {
    const answer = await ask(
      host,
      requests.json('POST', 'auth_session/login', { email, password: PASSWORD }),
    );
    expect(answer).toMatchObject({ status: 200 });
    return headerOf(answer, 'Set-Cookie')!.split(';', 1)[0]!;
  }

  for (const [name, changes] of Object.entries(APPLICATIONS))
    describe(`made of ${name}`, () => {
      const options = { ...USUAL, ...changes };
      const requests = new HostRequests(options);
      let both: [Host, Host];

      beforeAll(async () => {
        both = await startBoth(options);
      });

      it('answers its public routes as before, for every client', async () => {
        const all = requests.all();
        const cookie = ['Cookie', await login(both[1], requests, 'ann@example.com')] as const;
        const strangers = await compare(both, all);
        const others = await compare(both, all, [cookie, ...FROM_ELSEWHERE]);
        const wrong = await compare(both, all, [
          ['Cookie', 'sid=wrong'],
          ['Authorization', 'Bearer own'],
        ]);
        report(name, [strangers, others, wrong]);
        expect([strangers.different, others.different, wrong.different]).toEqual([[], [], []]);
      });

      it('answers its other routes as before to signed-in users, and refuses everyone else', async () => {
        const all = requests.protected();
        const cookie = ['Cookie', await login(both[1], requests, 'ann@example.com')] as const;
        expect((await compare(both, all, [cookie])).different).toEqual([]);
        for (const request of all) {
          const answer = await ask(both[1], request);
          expect([request.name, answer.status, headerOf(answer, 'WWW-Authenticate')]).toEqual([
            request.name,
            401,
            'Session realm="coatcheck"',
          ]);
        }
      });

      it(`serves our routes as the server does${options.envelope ? ', what succeeds in its envelope' : ''}`, async () => {
        const inServer = new HostRequests(IN_SERVER);
        const cookies = await Promise.all([
          login(server, inServer, 'ann@example.com'),
          login(both[1], requests, 'ann@example.com'),
        ]);
        const [expected, found]: [object[], object[]] = [[], []];
        const [theirs, ours] = cookies.map((cookie) => [['Cookie', cookie]] as const);
        const parsed = options.bodies === 'none' ? requests.unparsable() : [];
        const own = [...parsed, ...requests.own(ours!)];
        const their = [...(options.bodies === 'none' ? inServer.unparsable() : []), ...inServer.own(theirs!)];
        for (const [index, request] of own.entries()) {
          expected.push(factsOf(request, await ask(server, their[index]!)));
          found.push(factsOf(request, await ask(both[1], request), options.envelope));
        }
        expect(found).toEqual(expected);
      });

      it('answers what our routes do not, and what its parser refuses, as before', async () => {
        const unparsed = options.bodies === 'none' ? [] : requests.unparsable();
        const { different } = await compare(both, [...requests.beside(), ...unparsed]);
        expect(different).toEqual([]);
      });
    });
});

async function ask(to: { url: string }, request: HostRequest): Promise<HostAnswer> {
  return parseAnswer(await exchange(to.url, bytesOf(request)));
}

/** What a client of our own routes goes by. */
function factsOf({ name }: HostRequest, answer: HostAnswer, hasEnvelope = false): object {
  const json: unknown = answer.body === '' ? {} : JSON.parse(answer.body);
  const isRefusal = answer.status >= 400;
  const body = hasEnvelope && !isRefusal && answer.body !== '' ? (json as { data: unknown }).data : json;
  const { code, errors, title, detail } = Object(body) as Record<string, unknown>;
  return {
    name,
    status: answer.status,
    ...(isRefusal && {
      type: headerOf(answer, 'Content-Type'),
      code,
      errors,
      title,
      detail: sentenceIn(detail),
    }),
    members: Object.keys(Object(Array.isArray(body) ? body[0] : body) as object).toSorted(),
    challenge: headerOf(answer, 'WWW-Authenticate'),
    retryAfter: headerOf(answer, 'Retry-After') !== null,
    clearSiteData: headerOf(answer, 'Clear-Site-Data'),
    cacheControl: headerOf(answer, 'Cache-Control'),
    cookies: answer.head
      .filter((line) => line.startsWith('Set-Cookie: '))
      .map((line) => line.replace(/=[^;]*/, '=').replace(/Expires=[^;]*/, 'Expires=')),
  };
}

/** Without the explanation that the server adds where it is not in production. */
const sentenceIn = (detail: unknown) => String(detail).replace(/ The request came from .*/, '');

function report(name: string, comparisons: readonly Comparison[]): void {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const compared = sum(comparisons.map((each) => each.compared));
  const different = sum(comparisons.map((each) => each.different.length));
  process.stdout.write(`${name}: ${different} of ${compared} answers differ\n`);
}
