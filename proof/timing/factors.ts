import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { BcryptPasswordHasher, FactorStore, StorageModule, ThrottleStore, UserStore } from 'coatcheck';
import { Secret, TOTP } from 'otpauth';
import { hashOfRecoveryCode } from '../../src/factors/recovery-codes.js';
import { SecretBox } from '../../src/factors/secret-box.js';
import { Server, newFolder } from '../../test/support/server.js';
import { SoftPasskey } from '../../test/support/soft-passkey.js';
import { auc } from './auc.js';
import { FREE_ATTEMPTS, PASSWORD, aUser, exhaust, shuffled } from './harness.js';

const KEY = 'a key of factors with 32 characters';
const [RP_ID, ORIGIN] = ['localhost', 'http://localhost:3000'];

/** Rounds that are made before any counts. */
const WARM_UP = 100;

/** Accounts whose guesses are used up. */
const THROTTLED = 20;

/** What somebody with the password sends in the second step. */
const STEP_KINDS = ['wrong code', 'wrong code, throttled', 'right code, throttled'] as const;

/** What somebody sends to sign in with a passkey that the server does not know. */
const PASSKEY_KINDS = ['unknown handle', 'known handle'] as const;

export const FACTOR_DOORS = ['second_step', 'passkey'] as const;

interface Member {
  readonly email: string;
  readonly handle: string;
  readonly secret: Secret;
}

/** One passkey that all have, so that they are made quickly. */
const shared = new SoftPasskey(RP_ID, ORIGIN);

/** Fails at the second step or at the sign-in with a passkey, all kinds in turn, and compares the times of each two. */
export async function measureFactors(door: (typeof FACTOR_DOORS)[number], count: number, cost: number) {
  const folder = newFolder();
  const rounds = count + WARM_UP;
  const { members, throttled } = await populate(folder, Math.ceil(rounds / FREE_ATTEMPTS), cost);
  const server = await Server.start(folder, {
    AUTH_TYPE: 'session_db_auth,token_auth',
    PASSWORD_HASH_COST: String(cost),
    TRUST_PROXY: '1',
    AUTH_FAILURES_PER_SERVER: '999999999',
    LOG_LEVEL: 'silent',
    STORE_TIMEOUT: '10s',
    FACTOR_KEY: KEY,
    PASSKEY_RP_ID: RP_ID,
    PASSKEY_ORIGINS: ORIGIN,
  });
  const client = new Client(`${server.url}/api/v1/auth_session`);
  try {
    return door === 'passkey'
      ? await atPasskeys(client, members, rounds)
      : await atSecondStep(client, members, throttled, rounds);
  } finally {
    client.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function atSecondStep(
  client: Client,
  members: readonly Member[],
  throttled: readonly Member[],
  rounds: number,
) {
  const times = new Times(STEP_KINDS);
  for (let round = 0; round < rounds; round += FREE_ATTEMPTS) {
    const block = round / FREE_ATTEMPTS;
    const some = [];
    for (const kind of STEP_KINDS) {
      const among = kind.endsWith('throttled') ? throttled : members;
      const member = among[block % among.length]!;
      const { pending_token: token } = await client.send('/login', 403, {
        body: { email: member.email, password: PASSWORD, transport: 'bearer' },
      });
      some.push({ kind, member, headers: { authorization: `Bearer ${String(token)}` } });
    }
    for (let attempt = 0; attempt < FREE_ATTEMPTS; attempt += 1)
      for (const { kind, member, headers } of shuffled(some)) {
        const body = proofOf(kind, member);
        const { ms } = await client.send('/second_step', 403, { body, headers });
        if (round >= WARM_UP) times.add(kind, ms);
      }
  }
  return times.pairs();
}

async function atPasskeys(client: Client, members: readonly Member[], rounds: number) {
  const times = new Times(PASSKEY_KINDS);
  for (let round = 0; round < rounds; round += 1) {
    const { handle } = members[round % members.length]!;
    for (const kind of shuffled(PASSKEY_KINDS)) {
      const begun = await client.send('/passkey/options', 200, { body: { transport: 'bearer' } });
      const credential = shared.get(begun['options'] as Record<string, unknown>, {
        handle: kind === 'unknown handle' ? randomBytes(64).toString('base64url') : handle,
        id: randomBytes(16).toString('base64url'),
      });
      const body = { transport: 'bearer', token: begun['token'], credential };
      const { ms } = await client.send('/passkey', 403, { body });
      if (round >= WARM_UP) times.add(kind, ms);
    }
  }
  return times.pairs();
}

/** The body of an attempt; the members without guesses left have right codes, too. */
function proofOf(kind: (typeof STEP_KINDS)[number], { secret }: Member): object {
  return { code: kind === 'right code, throttled' ? new TOTP({ secret }).generate() : wrongCodeOf(secret) };
}

/** A code that is not valid now, nor in the next half minute. */
function wrongCodeOf(secret: Secret): string {
  const app = new TOTP({ secret });
  const valid = new Set([-1, 0, 1, 2].map((step) => app.generate({ timestamp: Date.now() + step * 30_000 })));
  for (;;) {
    const code = String(randomInt(1_000_000)).padStart(6, '0');
    if (!valid.has(code)) return code;
  }
}

/** Adds accounts with an authenticator app, a recovery code and a passkey, in a new SQLite file. */
async function populate(folder: string, count: number, cost: number) {
  const context = await NestFactory.createApplicationContext(
    StorageModule.forRoot({ database: `sqlite:${join(folder, 'coatcheck.db')}`, timeout: 10_000 }),
    { logger: false },
  );
  const [users, factors] = [context.get(UserStore), context.get(FactorStore)];
  const now = new Date();
  const owner = { ip: null, connection: null, account: 'nobody@example.com' };
  const hash = await new BcryptPasswordHasher({ cost, pepper: null }).hash(PASSWORD, owner);
  const box = new SecretBox([KEY]);
  const add = async (name: string): Promise<Member> => {
    const user = aUser(`${name}@example.com`, now);
    const secret = new Secret({ size: 20 });
    const handle = randomBytes(64).toString('base64url');
    const sealed = box.seal(new Uint8Array(secret.buffer), user.id);
    const text = JSON.stringify({
      totp: { secret: sealed, createdAt: now.getTime(), lastStep: 0 },
      recovery: { hashes: [hashOfRecoveryCode(newCode())], createdAt: now.getTime() },
      passkeys: [{ ...aPasskey, createdAt: now.getTime() }],
    });
    await users.insert(user, hash);
    await factors.swap(user.id, null, { handle, text });
    return { email: user.email, handle, secret };
  };
  const members: Member[] = [];
  for (let index = 0; index < count; index += 1) members.push(await add(`member-${index}`));
  const throttled: Member[] = [];
  for (let index = 0; index < THROTTLED; index += 1) {
    const member = await add(`throttled-${index}`);
    const { user } = (await users.findCredential(member.email))!;
    const key = `factor:${user.id}`;
    await exhaust(context.get(ThrottleStore), { key, userId: key }, now);
    throttled.push(member);
  }
  await context.close();
  return { members, throttled };
}

/** What is stored of the shared passkey. */
const aPasskey = {
  id: shared.id,
  publicKey: shared.publicKey.toString('base64url'),
  counter: 0,
  transports: ['internal'],
  name: 'A passkey',
  lastUsedAt: null,
  isBackedUp: false,
};

function newCode(): string {
  return randomUUID().replaceAll('-', '').slice(0, 24);
}

/** Times of kinds of attempts. */
class Times<Kind extends string> {
  readonly #of = new Map<Kind, number[]>();

  constructor(private readonly kinds: readonly Kind[]) {}

  add(kind: Kind, ms: number): void {
    this.#of.set(kind, [...(this.#of.get(kind) ?? []), ms]);
  }

  /** Each two of the kinds, and how well their times are told apart. */
  pairs() {
    return this.kinds.flatMap((one, index) =>
      this.kinds.slice(index + 1).map((other) => ({
        pair: `${one} – ${other}`,
        area: auc(this.#of.get(one) ?? [], this.#of.get(other) ?? []),
      })),
    );
  }
}

/** Sends one request after another, each from a network of its own, as one address would be throttled. */
class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly base: string) {}

  /** The JSON of the answer, and the milliseconds until it was whole. Throws for another status. */
  send(
    path: string,
    status: number,
    { body, headers }: { readonly body: object; readonly headers?: Record<string, string> },
  ): Promise<Record<string, unknown> & { readonly ms: number }> {
    const from = `10.${randomInt(2, 256)}.${randomInt(256)}.${randomInt(256)}`;
    const all = { ...headers, 'x-forwarded-for': from, 'content-type': 'application/json' };
    const text = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const begin = performance.now();
      const sent = request(
        this.base + path,
        { agent: this.#agent, method: 'POST', headers: all },
        (response) => {
          let answer = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
          response.once('end', () => {
            const ms = performance.now() - begin;
            if (response.statusCode === status) resolve({ ...(JSON.parse(answer) as object), ms });
            else reject(new Error(`${path} was answered with ${response.statusCode}: ${answer}`));
          });
        },
      );
      sent.once('error', reject);
      sent.end(text);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
