import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import {
  BcryptPasswordHasher,
  Clock,
  FactorStore,
  GuessThrottle,
  StorageModule,
  ThrottleStore,
  ThrottleOptions,
  type ThrottledAccount,
  type User,
  UserStore,
} from 'coatcheck';

export const PASSWORD = 'correct horse battery';

/** Failures of strangers after which no more count, each made when the delay of the last one had passed. */
const THROTTLED_AFTER = 50;
const LONGEST_DELAY = 15 * 60_000;

/** Attempts that are made at an account before it is delayed. */
export const FREE_ATTEMPTS = 4;

/** Accounts that are added at once. */
const INSERTS = 500;

export const KINDS = [
  'unknown address',
  'wrong password',
  'disabled account',
  'throttled account',
  'older hash',
  'account with factors',
] as const;

export type Kind = (typeof KINDS)[number];

/** A time of ours, that is moved on. */
class MovedClock extends Clock {
  constructor(private at: number) {
    super();
  }

  now(): Date {
    return new Date(this.at);
  }

  move(ms: number): void {
    this.at += ms;
  }
}

/** Adds as many accounts of each kind as it takes for `attempts` failures, in a new SQLite file; their addresses. */
export async function populate(
  folder: string,
  attempts: number,
  cost: number,
): Promise<Readonly<Record<Kind, readonly string[]>>> {
  const context = await NestFactory.createApplicationContext(
    StorageModule.forRoot({ database: `sqlite:${join(folder, 'coatcheck.db')}`, timeout: 10_000 }),
    { logger: false },
  );
  const [users, factors] = [context.get(UserStore), context.get(FactorStore)];
  const now = new Date();
  const owner = { ip: null, connection: null, account: 'nobody@example.com' };
  const today = await new BcryptPasswordHasher({ cost, pepper: null }).hash(PASSWORD, owner);
  const older = await new BcryptPasswordHasher({ cost: cost - 2, pepper: null }).hash(PASSWORD, owner);
  const count = Math.ceil(attempts / FREE_ATTEMPTS);
  const add = async (kind: Kind, hash: string, number = count, facts: Partial<User> = {}) => {
    const emails = addressesOf(kind, number);
    for (let begin = 0; begin < number; begin += INSERTS) {
      const some = emails.slice(begin, begin + INSERTS);
      await Promise.all(some.map((email) => users.insert(aUser(email, now, facts), hash)));
    }
    return emails;
  };
  const emails = {
    'unknown address': addressesOf('unknown address', count),
    'wrong password': await add('wrong password', today),
    'disabled account': await add('disabled account', today, count, { disabled: true }),
    'throttled account': await add('throttled account', today, 20),
    'older hash': await add('older hash', older),
    'account with factors': await add('account with factors', today),
  };
  for (const email of emails['throttled account']) {
    const userId = (await users.findCredential(email))!.user.id;
    await exhaust(context.get(ThrottleStore), { key: email, userId }, now);
  }
  for (const email of emails['account with factors']) {
    const { id } = (await users.findCredential(email))!.user;
    const text = JSON.stringify({ totp: null, recovery: null, passkeys: [aPasskey] });
    await factors.swap(id, null, { handle: randomBytes(64).toString('base64url'), text });
  }
  await context.close();
  return emails;
}

/** One that nobody has the key of. */
const aPasskey = {
  id: randomBytes(16).toString('base64url'),
  publicKey: randomBytes(77).toString('base64url'),
  counter: 0,
  transports: ['internal'],
  name: 'A passkey',
  createdAt: 0,
  lastUsedAt: null,
  isBackedUp: false,
};

function addressesOf(kind: Kind, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${kind.replaceAll(' ', '-')}-${index}@example.com`);
}

export function aUser(email: string, now: Date, facts: Partial<User> = {}): User {
  return {
    id: randomUUID(),
    email,
    firstName: null,
    lastName: null,
    role: 'user',
    disabled: false,
    credentialVersion: 1,
    createdAt: now,
    updatedAt: now,
    emailVerifiedAt: null,
    ...facts,
  };
}

/** Uses up all guesses of strangers at an account, in the hours before now. */
export async function exhaust(tallies: ThrottleStore, account: ThrottledAccount, now: Date): Promise<void> {
  const clock = new MovedClock(now.getTime() - (THROTTLED_AFTER + 1) * LONGEST_DELAY);
  const throttle = new GuessThrottle(
    tallies,
    clock,
    new ThrottleOptions({ failuresPerServer: Number.MAX_SAFE_INTEGER }),
  );
  for (let failures = 0; failures <= THROTTLED_AFTER; failures += 1) {
    // Each from another /24, as one of them cannot use up all.
    const source = { ip: `10.1.${failures}.1`, tokenOwner: null };
    const counts = await (await throttle.begin(account, source)).record(false);
    if (counts !== failures < THROTTLED_AFTER)
      throw new Error('An account is not throttled as it should be.');
    clock.move(LONGEST_DELAY);
  }
}

export function shuffled<T>(items: readonly T[]): T[] {
  const rest = [...items];
  return items.map(() => rest.splice(randomInt(rest.length), 1)[0]!);
}
