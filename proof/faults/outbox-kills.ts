import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { KeyedMutex } from '../../src/storage/sql/keyed-mutex.js';
import { certificateForLocalhost } from '../../test/support/mail-server.js';
import type { Server } from '../../test/support/server.js';
import type { Measurement, Scenario } from './scenario.js';
import { Client, NAMES, Stage, anyOf, inParallel, none, until } from './support.js';
import { tokenOwner } from './watch.js';
import { DELIVERY_STEPS, type Delivery, WatchedMailServer, mailVariables } from './watched-mail-server.js';

/** The steps at which the server is killed: while it starts, at the answer that promises a mail, and in the delivery. */
const STEPS = ['start', 'answer', ...DELIVERY_STEPS] as const;

type Step = (typeof STEPS)[number];

/** At these, the mail server may have the whole message without a note of it in the outbox. */
const MAY_REPEAT: ReadonlySet<Step> = new Set(['start', 'answer', 'end of message', 'reply']);

/** Only a new connection has these steps. */
const OF_CONNECTION: ReadonlySet<Step> = new Set(['connection', 'STARTTLS', 'login']);

const KILLS = 100;

/** Servers of each store, each with a database of its own. After a kill, each waits a minute for the end of the lease. */
const LANES = 15;

/** As many servers start at the same time as there are cores: a start takes all of one. */
const starts = new KeyedMutex();

/** A lease and time to send. */
const LEASE = { patience: 150_000, pause: 50 };

/** Milliseconds from the reply of the mail server to the note of it in the outbox. */
const NOTED = 3_000;

const ADMINISTRATOR = 'administrator@example.com';

/** The server, killed at every step of the outbox: no mail is lost, and none arrives twice that the outbox had noted as sent. */
export const outboxKills: Scenario = {
  title: 'kill -9 at every step of the outbox',
  async play(scale, kills) {
    const count = kills ?? (scale === 'short' ? STEPS.length : KILLS);
    const steps = Array.from({ length: count }, (_, index) => STEPS[index % STEPS.length]!);
    // Both at the same time, because most of it is waiting for the ends of leases.
    const play = (...stages: Stage[]) => Promise.all(stages.map((stage) => killOn(stage, steps)));
    const measurements = await Stage.play('postgres', (postgres) =>
      Stage.play('sqlite', (sqlite) => play(sqlite, postgres)),
    );
    return measurements.flat();
  },
};

async function killOn(stage: Stage, steps: readonly Step[]): Promise<Measurement[]> {
  const certificate = certificateForLocalhost(stage.folder);
  const databases: string[] = [];
  while (databases.length < Math.min(LANES, steps.length))
    databases.push(await stage.newDatabase(`lane_${databases.length}`));
  const lanes: Lane[] = [];
  const left = [...steps];
  await inParallel(databases.length, async (index) => {
    const mailServer = await WatchedMailServer.start(certificate);
    const lane = new Lane(stage, index, mailServer, databases[index]!);
    lanes.push(lane);
    try {
      for (let step = left.shift(); step !== undefined; step = left.shift()) await lane.kill(step);
      await lane.deliverRest();
    } finally {
      await mailServer.stop();
    }
  });
  return report(NAMES[stage.store], steps, lanes);
}

/** How many mails to an address the server has promised, and how many more it may have taken before it was killed. */
interface Promised {
  answered: number;
  unanswered: number;
}

/** The time from one start of a server to the kill. */
interface Life {
  readonly step: Step;
  readonly endedAt: number;
}

/** A server with a database and a mail server of its own. */
class Lane {
  readonly promised = new Map<string, Promised>();
  readonly lives: Life[] = [];
  readonly #variables: Record<string, string>;
  #invitations = 0;
  #startsIn = 0;

  constructor(
    private readonly stage: Stage,
    private readonly index: number,
    readonly mailServer: WatchedMailServer,
    database: string,
  ) {
    this.#variables = {
      ...mailVariables(stage, mailServer.port),
      DATABASE_URL: database,
      REGISTRATION: 'first',
    };
  }

  async kill(step: Step): Promise<void> {
    if (step === 'start') await this.#killDuringStart();
    else if (step === 'answer') await this.#killAtAnswer();
    else await this.#killInDelivery(step);
  }

  /** Starts the server for the last time, and waits until all mails have arrived and no others come. */
  async deliverRest(): Promise<void> {
    const { client } = await this.#start();
    await this.#allArrived();
    await delay(NOTED);
    client.close();
  }

  async #killDuringStart(): Promise<void> {
    if (this.#startsIn === 0) await this.#killAtAnswer();
    await this.#inTurn(async () => {
      const abort = AbortSignal.timeout(Math.floor(Math.random() * this.#startsIn));
      try {
        await this.stage.kill(await this.stage.start(this.#variables, abort));
      } catch (error) {
        if (!abort.aborted) throw error;
      }
    });
    this.#end('start');
  }

  async #killAtAnswer(): Promise<void> {
    const { server, client } = await this.#start();
    const asked = await this.#ask(client);
    await Promise.race(asked);
    await this.#kill(server, client, 'answer');
    await Promise.all(asked);
  }

  /** Has the client wait at the step from the start of the server, or after it has sent all that waited. */
  async #killInDelivery(step: (typeof DELIVERY_STEPS)[number]): Promise<void> {
    const isFirst = OF_CONNECTION.has(step) || Math.random() < 0.5;
    let reached = isFirst ? this.mailServer.hold(step) : null;
    const { server, client } = await this.#start();
    if (!reached) {
      await this.#allArrived();
      reached = this.mailServer.hold(step);
    }
    const asked = await this.#ask(client);
    let isReached = false;
    void reached.then(() => (isReached = true));
    await until(() => isReached, { patience: LEASE.patience });
    await this.#kill(server, client, step);
    this.mailServer.release();
    await Promise.all(asked);
  }

  async #start(): Promise<{ server: Server; client: Client }> {
    const server = await this.#inTurn(async () => {
      const begin = performance.now();
      const started = await this.stage.start(this.#variables);
      this.#startsIn ||= performance.now() - begin;
      return started;
    });
    const client = new Client(server);
    if (this.promised.size === 0) {
      await client.register('administrator');
      this.promised.set(ADMINISTRATOR, { answered: 1, unanswered: 0 });
    }
    return { server, client };
  }

  #inTurn<T>(start: () => Promise<T>): Promise<T> {
    return starts.run(`${this.index % availableParallelism()}`, start);
  }

  async #kill(server: Server, client: Client, step: Step): Promise<void> {
    const wasUp = await this.stage.kill(server);
    client.close();
    if (!wasUp) throw new Error(`The server ended by itself:\n${server.output()}`);
    this.#end(step);
  }

  #end(step: Step): void {
    this.lives.push({ step, endedAt: performance.now() });
  }

  /** An invitation, which is sent at once, and two mails that anyone can ask for, which are sent within two seconds. */
  async #ask(client: Client): Promise<Promise<void>[]> {
    const cookie = await tokenOwner(client, ADMINISTRATOR);
    const people = [...this.promised].filter(([, { answered }]) => answered > 0).map(([email]) => email);
    this.#invitations += 1;
    return [
      this.#promise(client, 201, '/invitations', `guest-${this.#invitations}@example.com`, cookie),
      this.#promise(client, 202, '/password/forgot', anyOf(people)),
      this.#promise(client, 202, '/password/forgot', anyOf(people)),
    ];
  }

  async #promise(
    client: Client,
    status: number,
    path: string,
    email: string,
    cookie?: string,
  ): Promise<void> {
    const outcome = await client.send('POST', path, { body: { email }, ...(cookie && { cookie }) });
    if (outcome !== null && outcome.status !== status)
      throw new Error(`POST ${path} → ${outcome.status} ${outcome.body}`);
    const promised = this.promised.get(email) ?? { answered: 0, unanswered: 0 };
    promised[outcome ? 'answered' : 'unanswered'] += 1;
    this.promised.set(email, promised);
  }

  /** Waits until all promised mails are there, and the server has had the time to note it. */
  async #allArrived(): Promise<void> {
    const isQuiet = () => {
      const last = this.mailServer.deliveries.at(-1);
      return !last || (last.repliedAt !== null && performance.now() - last.repliedAt > NOTED);
    };
    try {
      await until(() => isQuiet() && lostOf(this) === 0, LEASE);
    } catch (error) {
      const kills = this.lives.map(({ step }) => step).join(', ');
      throw new Error(`${lostOf(this)} promised mails have not arrived, after kills at: ${kills}.`, {
        cause: error,
      });
    }
  }
}

/** The ids of the messages that came to an address. */
function idsTo({ mailServer }: Lane, email: string): Set<string> {
  return new Set(mailServer.deliveries.filter(({ to }) => to === email).map(({ messageId }) => messageId));
}

function lostOf(lane: Lane): number {
  const losses = [...lane.promised].map(([email, { answered }]) => answered - idsTo(lane, email).size);
  return sum(losses.map((loss) => Math.max(loss, 0)));
}

/** Messages that nobody asked for: the same mail under another `Message-ID`. */
function surplusOf(lane: Lane): number {
  const surpluses = [...lane.promised].map(
    ([email, { answered, unanswered }]) => idsTo(lane, email).size - answered - unanswered,
  );
  return sum(surpluses.map((surplus) => Math.max(surplus, 0)));
}

/** A message that came once more, and the end of the life that had sent it before. */
interface Repetition {
  readonly after: Life | undefined;
  readonly before: Delivery;
  readonly again: Delivery;
}

function repetitionsOf({ mailServer, lives }: Lane): Repetition[] {
  const last = new Map<string, Delivery>();
  return mailServer.deliveries.flatMap((again) => {
    const before = last.get(again.messageId);
    last.set(again.messageId, again);
    return before
      ? [{ before, again, after: lives.find(({ endedAt }) => endedAt > before.connectedAt) }]
      : [];
  });
}

/** Whether the server was killed before it could note that the mail server had the message. */
function isAllowed({ before, again, after }: Repetition): boolean {
  if (!after || again.connectedAt < after.endedAt || !MAY_REPEAT.has(after.step)) return false;
  return before.repliedAt === null || before.repliedAt > after.endedAt - NOTED;
}

function report(store: string, steps: readonly Step[], lanes: readonly Lane[]): Measurement[] {
  const after = `after ${steps.length} kills of the server`;
  const promised = sum(lanes.flatMap((lane) => [...lane.promised.values()].map(({ answered }) => answered)));
  const repetitions = lanes.flatMap(repetitionsOf);
  const forbidden = repetitions.filter((repetition) => !isAllowed(repetition));
  return [
    none(`promised mails lost, ${after}`, store, sum(lanes.map(lostOf)), promised),
    none(`mails with two Message-IDs, ${after}`, store, sum(lanes.map(surplusOf)), promised),
    none(`mails sent again that could be noted as sent, ${after}`, store, forbidden.length, promised),
    ...STEPS.map((step) => {
      const kills = steps.filter((one) => one === step).length;
      const again = repetitions.filter(({ after: life }) => life?.step === step).length;
      const what = `mails sent again, after ${kills} kills at: ${step}`;
      return MAY_REPEAT.has(step)
        ? { what, store, measured: `${again}`, target: '–', isMet: true }
        : none(what, store, again);
    }),
  ];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
