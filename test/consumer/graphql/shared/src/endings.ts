/** Ends sessions in one process while another has subscriptions of their users, and prints how each WebSocket was closed. */
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const PASSWORD = 'several unrelated words 9';
const WAIT = 10_000;

const [here = '', there = ''] = process.argv.slice(2);

type Values = Record<string, string>;

async function request(url: string, method: string, path: string, body?: object, cookie = '') {
  const response = await fetch(url + path, {
    method,
    headers: { cookie, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return {
    body: (text === '' ? {} : JSON.parse(text)) as Values,
    cookie: response.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '',
  };
}

const signIn = (name: string, more: object = {}) =>
  request(here, 'POST', '/auth_session/login', {
    email: `${name}@example.com`,
    password: PASSWORD,
    ...more,
  });

/** Creates a user. The first one is an administrator, and creates the others. */
const register = async (name: string, cookie = '') =>
  (await request(here, 'POST', '/users', { email: `${name}@example.com`, password: PASSWORD }, cookie)).body;

interface Ending {
  readonly how: string;
  readonly after: number;
}

/** A WebSocket on which a subscription has had its first event. */
class Follower {
  events = 0;
  readonly #closed: Promise<string>;

  private constructor(headers: Values, connectionParams: Values, query: string, begun: () => void) {
    class Socket extends WebSocket {
      constructor(address: string, protocols: string) {
        super(address, protocols, { headers });
      }
    }
    this.#closed = new Promise((closed) => {
      const client = createClient({
        url: `${here.replace('http', 'ws')}/graphql`,
        webSocketImpl: Socket,
        connectionParams,
        retryAttempts: 0,
        on: {
          closed: (event) => {
            const { code, reason } = event as { code: number; reason: string };
            closed(`${code} ${reason}`);
          },
        },
      });
      const next = () => {
        this.events += 1;
        begun();
      };
      client.subscribe({ query }, { next, error: begun, complete: begun });
    });
  }

  static async of(headers: Values, connectionParams: Values = {}, query = 'subscription { visits }') {
    let follower!: Follower;
    await new Promise<void>((begun) => {
      follower = new Follower(headers, connectionParams, query, begun);
    });
    return follower;
  }

  /** Does something, and tells how the WebSocket was closed how many milliseconds later. */
  async endingBy(act: () => Promise<unknown>): Promise<Ending> {
    const since = performance.now();
    await act();
    const how = await Promise.race([this.#closed, delay(WAIT, 'open')]);
    return { how, after: Math.round(performance.now() - since) };
  }
}

async function main(): Promise<void> {
  await register('root');
  const { cookie: root } = await signIn('root');
  const ids: Values = {};
  for (const name of ['ann', 'bob', 'cid', 'dan', 'eve']) ids[name] = (await register(name, root))['id']!;

  const bystanders = [
    await Follower.of({ cookie: root }),
    await Follower.of({ cookie: (await signIn('ann')).cookie }),
    await Follower.of({}, {}, 'subscription { greetings }'),
  ];
  const endings: Record<string, Ending> = {};

  const signOut = (url: string, cookie: string) => () =>
    request(url, 'DELETE', '/auth_session/logout', undefined, cookie);
  const { cookie: ann } = await signIn('ann');
  const [one, two] = [await Follower.of({ cookie: ann }), await Follower.of({ cookie: ann })];
  const both = await Promise.all([one.endingBy(signOut(there, ann)), two.endingBy(() => Promise.resolve())]);
  Object.assign(endings, { signedOut: both[0], otherTab: both[1] });

  const { cookie: near } = await signIn('ann');
  endings['here'] = await (await Follower.of({ cookie: near })).endingBy(signOut(here, near));

  const { cookie: optional } = await signIn('ann');
  const greeted = await Follower.of({ cookie: optional }, {}, 'subscription { greetings }');
  endings['optional'] = await greeted.endingBy(signOut(there, optional));

  const bob = await Follower.of({ cookie: (await signIn('bob')).cookie });
  endings['disabled'] = await bob.endingBy(() =>
    request(there, 'PATCH', `/users/${ids['bob']}`, { disabled: true }, root),
  );

  const { cookie: cid } = await signIn('cid');
  const expires_at = new Date(Date.now() + 3_600_000).toISOString();
  const issued = await request(
    here,
    'POST',
    '/access_tokens',
    { label: 'a', scope: 'read', expires_at },
    cid,
  );
  const machine = await Follower.of({}, { authorization: `Bearer ${issued.body['token']}` });
  endings['revoked'] = await machine.endingBy(() =>
    request(there, 'DELETE', `/sessions/${issued.body['id']}`, undefined, cid),
  );

  const setRole = (role: string) => request(there, 'PATCH', `/users/${ids['cid']}`, { role }, root);
  await setRole('admin');
  const { cookie: admin } = await signIn('cid');
  const seller = await Follower.of({ cookie: admin }, {}, 'subscription { sales }');
  endings['demoted'] = await seller.endingBy(() => setRole('user'));

  const { body: bearer } = await signIn('dan', { transport: 'bearer' });
  const dan = await Follower.of({}, { authorization: `Bearer ${bearer['token']}` });
  const { cookie: other } = await signIn('dan');
  const passwords = { current_password: PASSWORD, new_password: 'other unrelated words 8' };
  endings['passwordChanged'] = await dan.endingBy(() =>
    request(there, 'PUT', '/users/me/password', passwords, other),
  );

  const { cookie: remembered } = await signIn('eve', { remember: true });
  endings['expired'] = await (await Follower.of({ cookie: remembered })).endingBy(() => Promise.resolve());

  const before = bystanders.map(({ events }) => events);
  await delay(500);
  const goOn = bystanders.map(({ events }, index) => events > before[index]!);
  process.stdout.write(JSON.stringify({ endings, goOn }), () => process.exit());
}

void main();
