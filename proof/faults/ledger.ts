import { setTimeout as delay } from 'node:timers/promises';
import { type Client, type Outcome, PASSWORD, anyOf, inParallel, until } from './support.js';

/** One in so many rounds brings a new user. */
const ROUNDS_PER_NEWCOMER = 25;

/** Milliseconds that a lane rests after trouble, lest it does nothing but ask again. */
const REST = 5;

/** What a server has acknowledged of sign-ins and endings, and what it said that cannot be right. */
export class Ledger {
  readonly #people: string[];
  /** Cookies of acknowledged sessions whose end nobody has asked for. */
  readonly #live: string[] = [];
  /** Cookies of sessions whose end was acknowledged. */
  readonly #ended: string[] = [];
  readonly #wrong = new Map<string, number>();
  #newcomers = 0;

  constructor(people: readonly string[]) {
    this.#people = [...people];
  }

  get live(): number {
    return this.#live.length;
  }

  get ended(): number {
    return this.#ended.length;
  }

  /** How many answers were neither what was asked for nor a 503. */
  get wrong(): number {
    return [...this.#wrong.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Each kind of wrong answer and its number. */
  get wrongAnswers(): string {
    return [...this.#wrong].map(([what, count]) => `${what} (${count})`).join(', ');
  }

  noteWrong(what: string): void {
    this.#wrong.set(what, (this.#wrong.get(what) ?? 0) + 1);
  }

  /** Signs in twice, ends a session of any age, and looks at a live and an ended one; now and then somebody joins. */
  async round(client: Client): Promise<void> {
    if (Math.random() * ROUNDS_PER_NEWCOMER < 1) await this.#join(client);
    await this.#signIn(client);
    await this.#signIn(client);
    await this.#signOut(client);
    await this.#look(client);
  }

  /** Asks for every session once more, until it is told: acknowledged ones that are lost, ended ones that are alive. */
  async audit(client: Client): Promise<{ readonly lost: number; readonly alive: number }> {
    return {
      lost: await count(this.#live, async (cookie) => !(await isAccepted(client, cookie))),
      alive: await count(this.#ended, (cookie) => isAccepted(client, cookie)),
    };
  }

  async #join(client: Client): Promise<void> {
    this.#newcomers += 1;
    const email = `newcomer-${this.#newcomers}@example.com`;
    const outcome = await client.send('POST', '/users', { body: { email, password: PASSWORD } });
    if (await this.#isDone('POST /users', outcome, 201)) this.#people.push(email);
  }

  async #signIn(client: Client): Promise<void> {
    const outcome = await client.login(anyOf(this.#people));
    if (!(await this.#isDone('login', outcome))) return;
    if (outcome?.cookie) this.#live.push(outcome.cookie);
    else this.noteWrong('login → 200 without a cookie');
  }

  /** A session leaves the ledger for good when its end is asked for and not acknowledged: it may be either. */
  async #signOut(client: Client): Promise<void> {
    const cookie = this.#takeLive();
    if (cookie === undefined) return;
    const outcome = await client.logout(cookie);
    if (await this.#isDone('logout', outcome)) this.#ended.push(cookie);
    else if (outcome?.status === 401) this.#live.push(cookie);
  }

  async #look(client: Client): Promise<void> {
    const live = this.#takeLive();
    if (live !== undefined) {
      await this.#isDone('a live session', await client.me(live));
      this.#live.push(live);
    }
    if (this.#ended.length === 0) return;
    await this.#isDone('an ended session', await client.me(anyOf(this.#ended)), 401);
  }

  #takeLive(): string | undefined {
    const last = this.#live.pop();
    if (last === undefined || this.#live.length === 0) return last;
    const index = Math.floor(Math.random() * this.#live.length);
    const [taken] = this.#live.splice(index, 1, last);
    return taken;
  }

  async #isDone(what: string, outcome: Outcome, expected = 200): Promise<boolean> {
    if (outcome?.status === expected) return true;
    if (outcome !== null && outcome.status !== 503) this.noteWrong(`${what} → ${outcome.status}`);
    await delay(REST);
    return false;
  }
}

/** What the store says about a session in the end; while it does not answer, it is asked again. */
async function isAccepted(client: Client, cookie: string): Promise<boolean> {
  let status: number | undefined;
  await until(async () => {
    status = (await client.me(cookie))?.status;
    return status === 200 || status === 401;
  });
  return status === 200;
}

async function count(
  cookies: readonly string[],
  holds: (cookie: string) => Promise<boolean>,
): Promise<number> {
  const left = [...cookies];
  let sum = 0;
  await inParallel(8, async () => {
    for (let cookie = left.pop(); cookie !== undefined; cookie = left.pop()) {
      if (await holds(cookie)) sum += 1;
    }
  });
  return sum;
}
