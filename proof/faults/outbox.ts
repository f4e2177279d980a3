import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { type Socket, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../test/support/engines.js';
import { certificateForLocalhost } from '../../test/support/mail-server.js';
import { outboxKills } from './outbox-kills.js';
import type { Measurement, Scale, Scenario } from './scenario.js';
import { Client, NAMES, Stage, type Store, childrenOf, percentile, told, until } from './support.js';
import { exactly, repeat, tokenOwner } from './watch.js';
import {
  type Delivery,
  type DeliveryStep,
  type Fault,
  WatchedMailServer,
  mailVariables,
} from './watched-mail-server.js';

/** How many times as long the median of answers may be without a mail server. */
const SLOWEST = 1.5;

const PEOPLE = 20;

/** One of them, whom a faulty mail server refuses. */
const REFUSED = '1@example.com';

/** Rounds of requests before the measured ones. */
const WARM_UP = 10;

/** Milliseconds after two requests, so that what a server does after its answer is not measured with the next server. */
const REST = 30;

/** A rest of the outbox after an outage, and time to send. */
const OUTAGE = { patience: 150_000, pause: 50 };

/** Milliseconds in which a mail that is sent again would come. */
const QUIET = 3_000;

/** The shares of steps at which a faulty mail server cuts the connection, and of recipients that it tells to come later. */
const CUT = 0.02;
const LATER = 0.1;

/** Mails of two workers, and the milliseconds from the end of each message to its reply, in which two senders would meet. */
const MAILS = 200;
const PAUSE = 100;

const ON: readonly Store[] = ['sqlite', 'postgres'];

/** The outbox while the server is killed, while the mail server does not answer, and of several processes. */
export const outbox: readonly Scenario[] = [
  outboxKills,
  ...ON.map((store) => ({
    title: `the mail server is down, slow or faulty, on ${NAMES[store]}`,
    play: (scale: Scale) => outage(store, scale),
  })),
  ...ON.map((store) => ({
    title: `two workers with one outbox, on ${NAMES[store]}`,
    play: () => share(store),
  })),
];

type Certificate = ReturnType<typeof certificateForLocalhost>;

/**
 * A mail server that is up, refuses connections, accepts them and says nothing, or has faults: it cuts connections at every step, is
 * slow, tells some messages to come later (451), and refuses one recipient for good (550).
 */
type Condition = 'up' | 'down' | 'slow' | 'faulty';

/** Servers whose mail servers are in different conditions get the same requests in turns. Then all mail servers are up. */
function outage(store: Store, scale: Scale): Promise<Measurement[]> {
  return Stage.play(store, async (stage) => {
    const certificate = certificateForLocalhost(stage.folder);
    const subjects: Subject[] = [];
    try {
      for (const condition of ['up', 'down', 'slow', 'faulty'] as const)
        subjects.push(await Subject.start(stage, condition, certificate));
      const rounds = (scale === 'short' ? 40 : 120) + WARM_UP;
      for (let round = 0; round < rounds; round += 1)
        for (const subject of subjects.toSorted(() => Math.random() - 0.5))
          await subject.ask(round >= WARM_UP);
      const [up, ...others] = subjects as [Subject, ...Subject[]];
      const name = NAMES[store];
      return [
        ...others.flatMap((subject) => [
          ratio('POST /password/forgot', name, subject, subject.forgot, up.forgot),
          ratio('sign-in', name, subject, subject.signIn, up.signIn),
        ]),
        ...(await Promise.all(subjects.map((subject) => subject.deliver(name)))).flat(),
      ];
    } finally {
      await Promise.all(subjects.map((subject) => subject.stop()));
    }
  });
}

/** A server, and its mail server in a condition. */
class Subject {
  /** Milliseconds of each answer. */
  readonly forgot: number[] = [];
  readonly signIn: number[] = [];
  readonly #promised = new Map<string, number>();
  #client!: Client;
  #people!: readonly string[];
  #mailServer: WatchedMailServer | SilentServer | null = null;
  #isFaulty: boolean;
  #refusals = 0;
  #cuts = 0;
  #asked = 0;

  private constructor(
    readonly condition: Condition,
    private readonly port: number,
    private readonly certificate: Certificate,
  ) {
    this.#isFaulty = condition === 'faulty';
  }

  static async start(stage: Stage, condition: Condition, certificate: Certificate): Promise<Subject> {
    const subject = new Subject(condition, await freePort(), certificate);
    await subject.#begin(stage);
    return subject;
  }

  async ask(isMeasured: boolean): Promise<void> {
    const email = this.#people[this.#asked % PEOPLE]!;
    const forgot = await this.#client.send('POST', '/password/forgot', { body: { email } });
    const signIn = await this.#client.login(email);
    this.#asked += 1;
    if (forgot?.status !== 202 || signIn?.status !== 200)
      throw new Error(`The answers are ${forgot?.status} and ${signIn?.status}.`);
    this.#promised.set(email, this.#promised.get(email)! + 1);
    await delay(REST);
    if (!isMeasured) return;
    this.forgot.push(forgot.ms);
    this.signIn.push(signIn.ms);
  }

  /** Repairs the mail server, and counts what comes. */
  async deliver(store: string): Promise<Measurement[]> {
    this.#isFaulty = false;
    if (!(this.#mailServer instanceof WatchedMailServer)) {
      await this.#mailServer?.stop();
      this.#mailServer = await this.#startMailServer();
    }
    const { deliveries } = this.#mailServer;
    const refused = this.condition === 'faulty' ? this.#promised.get(REFUSED)! : 0;
    const promised = [...this.#promised.values()].reduce((sum, count) => sum + count) - refused;
    const begin = performance.now();
    await until(() => idsOf(deliveries).size >= promised && this.#refusals >= refused, OUTAGE);
    const seconds = Math.round((performance.now() - begin) / 1000);
    await delay(QUIET);
    const what = `mails of a mail server that was ${this.condition}`;
    const confirmed = deliveries.filter(({ repliedAt }) => repliedAt !== null);
    return [
      exactly(`${what}, arrived`, store, `${idsOf(deliveries).size}`, `${promised}`),
      exactly(`${what}, arrived and confirmed once`, store, onceOf(confirmed), `${promised}`),
      told(`${what}, all there after its repair`, store, `${seconds} s`),
      ...(this.condition === 'faulty'
        ? [
            exactly('mails that were refused for good, tried once', store, `${this.#refusals}`, `${refused}`),
            told(`${what}, sent again without a confirmation`, store, `${deliveries.length - promised}`),
            told('connections that it cut', store, `${this.#cuts}`),
          ]
        : []),
    ];
  }

  async stop(): Promise<void> {
    this.#client.close();
    await this.#mailServer?.stop();
  }

  async #begin(stage: Stage): Promise<void> {
    if (this.condition === 'slow') this.#mailServer = await SilentServer.start(this.port);
    else if (this.condition !== 'down') this.#mailServer = await this.#startMailServer();
    const database = await stage.newDatabase(this.condition);
    const server = await stage.start({ ...mailVariables(stage, this.port), DATABASE_URL: database });
    this.#client = new Client(server);
    this.#people = await this.#client.people(PEOPLE);
    for (const email of this.#people) this.#promised.set(email, 1);
  }

  #startMailServer(): Promise<WatchedMailServer> {
    return WatchedMailServer.start(this.certificate, {
      port: this.port,
      ...(this.condition === 'faulty' && {
        pause: PAUSE,
        faultAt: (step, to) => this.#faultAt(step, to),
      }),
    });
  }

  /** A confirmation is not cut, because nobody knows whether the client has read it. */
  #faultAt(step: DeliveryStep, to: string | null): Fault | null {
    if (this.#isFaulty && step !== 'reply' && Math.random() < CUT) {
      this.#cuts += 1;
      return 'cut';
    }
    if (this.condition === 'faulty' && to === REFUSED) {
      this.#refusals += 1;
      return 550;
    }
    return this.#isFaulty && step === 'RCPT TO' && Math.random() < LATER ? 451 : null;
  }
}

function ratio(
  what: string,
  store: string,
  { condition }: Subject,
  times: readonly number[],
  timesUp: readonly number[],
): Measurement {
  const [median, medianUp] = [percentile(times, 0.5), percentile(timesUp, 0.5)];
  const factor = median / medianUp;
  return {
    what: `median of ${what}, mail server ${condition} ÷ up`,
    store,
    measured: `${median.toFixed(1)} ÷ ${medianUp.toFixed(1)} ms = ${factor.toFixed(2)}`,
    target: `≤ ${SLOWEST}`,
    isMet: factor <= SLOWEST,
  };
}

function idsOf(deliveries: readonly Delivery[]): Set<string> {
  return new Set(deliveries.map(({ messageId }) => messageId));
}

/** How many messages came once. */
function onceOf(deliveries: readonly Delivery[]): string {
  const times = new Map<string, number>();
  for (const { messageId } of deliveries) times.set(messageId, (times.get(messageId) ?? 0) + 1);
  return `${[...times.values()].filter((count) => count === 1).length}`;
}

/** Accepts connections and says nothing. */
class SilentServer {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => {
    this.#sockets.add(socket.on('error', () => {}));
  });

  static async start(port: number): Promise<SilentServer> {
    const silent = new SilentServer();
    await new Promise<void>((resolve) => void silent.#server.listen(port, '127.0.0.1', resolve));
    return silent;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => void this.#server.close(resolve));
  }
}

/** Two workers take requests for mails; one of them sends at a time. */
function share(store: Store): Promise<Measurement[]> {
  return Stage.play(store, async (stage) => {
    let workers: number[] = [];
    const pids = new Map<number, number | undefined>();
    const mailServer = await WatchedMailServer.start(certificateForLocalhost(stage.folder), {
      pause: PAUSE,
      onConnection: (port) =>
        void pids.set(
          port,
          workers.find((pid) => hasConnectionFrom(pid, port)),
        ),
    });
    try {
      const variables = { ...mailVariables(stage, mailServer.port), REGISTRATION: 'first', WORKERS: '2' };
      const server = await stage.start(variables);
      workers = childrenOf(server);
      const client = new Client(server);
      const administrator = await client.register('administrator');
      const cookie = await tokenOwner(client, administrator);
      await repeat(MAILS - 1, 8, async (index) => {
        const outcome =
          index % 2 === 0
            ? await client.send('POST', '/invitations', { cookie, body: { email: `${index}@example.com` } })
            : await client.send('POST', '/password/forgot', { body: { email: administrator } });
        if (outcome?.status !== 201 && outcome?.status !== 202)
          throw new Error(`An answer is ${outcome?.status}.`);
      });
      client.close();
      const { deliveries } = mailServer;
      await until(() => idsOf(deliveries).size >= MAILS, OUTAGE);
      await delay(QUIET);
      const senders = deliveries.map((delivery) => pids.get(delivery.port));
      if (senders.includes(undefined)) throw new Error('A message came from no worker.');
      return [
        exactly(
          `mails of ${workers.length} workers, arrived once`,
          NAMES[store],
          onceOf(deliveries),
          `${MAILS}`,
        ),
        exactly(
          'workers that send at the same time, at most',
          NAMES[store],
          `${mostSenders(deliveries, ({ port }) => pids.get(port))}`,
          '1',
        ),
      ];
    } finally {
      await mailServer.stop();
    }
  });
}

/** From how many processes messages were under way at the same time. */
function mostSenders(
  deliveries: readonly Delivery[],
  senderOf: (delivery: Delivery) => number | undefined,
): number {
  const counts = deliveries.map(({ begunAt }) => {
    const underway = deliveries.filter(
      (other) => other.begunAt <= begunAt && (other.repliedAt ?? Infinity) >= begunAt,
    );
    return new Set(underway.map(senderOf)).size;
  });
  return Math.max(...counts);
}

/** Whether a process has the socket of a connection from a port of this machine. */
function hasConnectionFrom(pid: number, port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((row) => row.trim().split(/\s+/));
  const inode = rows.find(([, address]) => address?.endsWith(local))?.[9];
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`;
    } catch {
      return false; // a file that was closed after the listing
    }
  });
}
