import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { SystemClock } from '../common/clock.js';
import { StoreUnavailableError } from '../common/domain-error.js';
import { MemoryOutboxStore } from '../storage/memory/memory.outbox-store.js';
import { aMail } from '../testing/samples.js';
import { MailComposer } from './mail-composer.js';
import { type MailMessage, MailRefusedError, MailServerUnavailableError, Mailer } from './mailer.js';
import type { OutboxMail } from './outbox-mail.js';
import { Outbox, type OutboxOptions } from './outbox.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SECRETS = /ann|example\.com|token-of|Subject of|service\.example/i;

const clock = new SystemClock();

/** Messages by the id of their mail. */
class TestComposer extends MailComposer {
  answer: (mail: OutboxMail) => Promise<MailMessage | null> = (mail) =>
    Promise.resolve({
      messageId: `<${mail.id}@service.example>`,
      from: 'service@service.example',
      to: mail.to,
      subject: `Subject of ${mail.id}`,
      text: `https://service.example/#token-of-${mail.id}`,
      html: '',
      language: mail.language,
      createdAt: mail.createdAt,
    });

  compose(mail: OutboxMail): Promise<MailMessage | null> {
    return this.answer(mail);
  }
}

/** Records which mails it was asked to send, and does with each what the test says. */
class TestMailer extends Mailer {
  readonly asked: string[] = [];
  open = 0;
  mostOpen = 0;
  behaviour: (id: string, attempt: number) => Promise<void> = () => Promise.resolve();

  async send({ messageId }: MailMessage): Promise<void> {
    const id = messageId.slice(1, messageId.indexOf('@'));
    this.asked.push(id);
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    try {
      await this.behaviour(id, this.asked.filter((one) => one === id).length);
    } finally {
      this.open -= 1;
    }
  }
}

/** A store whose methods fail when a test wants it. */
class TestStore extends MemoryOutboxStore {
  readonly broken = new Set<'claim' | 'remove' | 'postpone'>();
  claims = 0;
  /** Milliseconds between what a claim reads and its answer. */
  delay = 0;

  override async claim(...args: Parameters<MemoryOutboxStore['claim']>) {
    this.claims += 1;
    this.#check('claim');
    const mails = await super.claim(...args);
    if (this.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.delay));
    return mails;
  }

  override async remove(id: string) {
    this.#check('remove');
    return super.remove(id);
  }

  override async postpone(...args: Parameters<MemoryOutboxStore['postpone']>) {
    this.#check('postpone');
    return super.postpone(...args);
  }

  #check(method: 'claim' | 'remove' | 'postpone'): void {
    if (this.broken.has(method)) throw new StoreUnavailableError();
  }
}

describe('The outbox', () => {
  let store: TestStore;
  let composer: TestComposer;
  let mailer: TestMailer;
  let opened: Outbox[];
  let logged: string[];

  beforeEach(() => {
    jest.useFakeTimers({ now: new Date('2026-01-01T12:00:00.000Z') });
    [store, composer, mailer, opened, logged] = [
      new TestStore(),
      new TestComposer(),
      new TestMailer(),
      [],
      [],
    ];
    const note = (message: unknown) => void logged.push(String(message));
    for (const level of ['log', 'warn', 'error'] as const)
      jest.spyOn(Logger.prototype, level).mockImplementation(note);
  });

  afterEach(async () => {
    const ended = Promise.all(opened.map((one) => one.beforeApplicationShutdown()));
    await pass(11 * SECOND);
    await ended;
    jest.useRealTimers();
    jest.restoreAllMocks();
    expect(logged.filter((line) => SECRETS.test(line))).toEqual([]);
  });

  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

  function open(options: OutboxOptions = {}): Outbox {
    const outbox = new Outbox(store, composer, mailer, clock, options);
    outbox.onApplicationBootstrap();
    opened.push(outbox);
    return outbox;
  }

  async function add(count = 1, createdAt = clock.now()): Promise<string[]> {
    const mails = Array.from({ length: count }, () =>
      aMail({ kind: 'verify_email', to: 'ann@example.com', createdAt }),
    );
    await store.add(mails);
    return mails.map(({ id }) => id);
  }

  const fails = (error: Error) => async () => {
    throw error;
  };
  const stored = () => store.list(null, 100, null);

  it('sends a mail within two seconds, and at once if it is woken', async () => {
    const outbox = open();
    await pass(100);
    const [first] = await add();
    await pass(2 * SECOND);
    expect(mailer.asked).toEqual([first]);
    await pass(50);
    const [second] = await add();
    outbox.wake();
    await pass(1);
    expect(mailer.asked).toEqual([first, second]);
    expect(await stored()).toEqual([]);
  });

  it('sends all that wait, a few at the same time, each once', async () => {
    const ids = await add(53);
    mailer.behaviour = () => new Promise((resolve) => setTimeout(resolve, 200));
    open({ parallel: 4 });
    await pass(53 * 200);
    expect(mailer.asked.toSorted()).toEqual(ids.toSorted());
    expect(mailer.mostOpen).toBe(4);
    expect(await stored()).toEqual([]);
  });

  it('sends each once, also if an attempt ends while others are claimed', async () => {
    await add(20);
    store.delay = 300;
    mailer.behaviour = (id) =>
      new Promise((resolve) => setTimeout(resolve, 100 + (id.charCodeAt(35) % 7) * 50));
    open();
    await pass(MINUTE);
    expect(mailer.asked).toHaveLength(20);
  });

  it('sends from one process at a time, and from another when the first has ended', async () => {
    const first = open();
    await pass(10);
    const second = open();
    await add(20);
    const claimsOf = jest.spyOn(store, 'claim');
    await pass(5 * SECOND);
    expect(new Set(mailer.asked).size).toBe(20);
    expect(mailer.asked).toHaveLength(20);
    const holders = new Set(claimsOf.mock.calls.map(([holder]) => holder));
    expect(holders.size).toBe(2);
    await first.beforeApplicationShutdown();
    await add();
    second.wake();
    await pass(1);
    expect(mailer.asked).toHaveLength(21);
  });

  it('takes over from a process that has crashed, a minute later', async () => {
    await add();
    await store.claim('crashed', clock.now(), new Date(clock.now().getTime() + MINUTE), 1);
    open();
    await pass(58 * SECOND);
    expect(mailer.asked).toEqual([]);
    await pass(5 * SECOND);
    expect(mailer.asked).toHaveLength(1);
  });

  it('tries a failed mail again after growing pauses', async () => {
    await add();
    const times: number[] = [];
    mailer.behaviour = () => {
      times.push(clock.now().getTime());
      return Promise.reject(new Error('451 4.3.0 Try again, ann@example.com'));
    };
    open();
    await pass(5 * HOUR);
    const pauses = times.slice(1, 10).map((at, index) => (at - times[index]!) / SECOND);
    const planned = [10, 30, 60, 120, 300, 600, 1200, 1800, 3600];
    for (const [index, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThanOrEqual(planned[index]! * 0.8);
      expect(pause).toBeLessThanOrEqual(planned[index]! * 1.2 + 2);
    }
    expect(pauses).toHaveLength(9);
    expect(await stored()).toMatchObject([{ error: '451 4.3.0 Try again, …' }]);
  });

  it('does not try a mail any more after three days, keeps it for a week, and then deletes it', async () => {
    const begun = clock.now().getTime();
    const [old] = await add(1, new Date(begun - 3 * DAY));
    const [young] = await add(1, new Date(begun - 3 * DAY + 5 * MINUTE));
    mailer.behaviour = fails(new Error('451 Later'));
    open();
    await pass(2 * SECOND);
    expect(await store.list('failed', 10, null)).toMatchObject([{ id: old, error: '451 Later' }]);
    expect(await store.list('waiting', 10, null)).toMatchObject([{ id: young }]);
    await pass(10 * MINUTE);
    expect(await store.count('failed')).toBe(2);
    const attempts = mailer.asked.length;
    jest.setSystemTime(begun + 7 * DAY - 2 * HOUR);
    await pass(61 * MINUTE);
    expect(await store.count('failed')).toBe(2);
    jest.setSystemTime(begun + 7 * DAY + 10 * MINUTE);
    await pass(61 * MINUTE);
    expect(await stored()).toEqual([]);
    expect(mailer.asked).toHaveLength(attempts);
  });

  it('tries a mail once more that an operator makes due', async () => {
    const [id] = await add();
    mailer.behaviour = fails(new MailRefusedError('550'));
    const outbox = open();
    await pass(SECOND);
    jest.setSystemTime(clock.now().getTime() + 4 * DAY);
    mailer.behaviour = () => Promise.resolve();
    await store.retry(id!, clock.now());
    outbox.wake();
    await pass(1);
    expect(mailer.asked).toHaveLength(2);
    expect(await stored()).toEqual([]);
  });

  it('does not try a mail again that the server refused', async () => {
    await add();
    mailer.behaviour = fails(new MailRefusedError('550 5.1.1 <ann@example.com> unknown'));
    open();
    await pass(2 * HOUR);
    expect(mailer.asked).toHaveLength(1);
    expect(await stored()).toMatchObject([{ nextAt: null, error: '550 5.1.1 … unknown' }]);
    expect(logged.join('\n')).toContain('(verify_email) is not tried any more: 550 5.1.1');
  });

  it('removes a mail that is not needed any more', async () => {
    await add();
    composer.answer = () => Promise.resolve(null);
    open();
    await pass(2 * SECOND);
    expect([mailer.asked, await stored()]).toEqual([[], []]);
  });

  describe('while the mail server is down', () => {
    it('asks it rarely, with one mail at a time, and loses none', async () => {
      const ids = await add(1000);
      mailer.behaviour = fails(new MailServerUnavailableError('connect ECONNREFUSED'));
      open();
      await pass(HOUR);
      expect(mailer.mostOpen).toBe(5);
      expect(mailer.asked.length).toBeGreaterThan(50);
      expect(mailer.asked.length).toBeLessThan(90);
      expect(await store.count('waiting')).toBe(1000);
      expect(logged.filter((line) => line.includes('not available'))).toHaveLength(1);
      mailer.asked.length = 0;
      mailer.behaviour = () => Promise.resolve();
      await pass(3 * MINUTE);
      expect(mailer.asked.toSorted()).toEqual(ids.toSorted());
      expect(await stored()).toEqual([]);
      expect(logged.at(-1)).toBe('The mail server answers again.');
    });

    it('sends a mail that it had tried all the time within two minutes after the end', async () => {
      await add();
      mailer.behaviour = fails(new MailServerUnavailableError('connect ECONNREFUSED'));
      open();
      await pass(10 * HOUR);
      expect(await store.count('waiting')).toBe(1);
      mailer.behaviour = () => Promise.resolve();
      await pass(2.5 * MINUTE);
      expect(await stored()).toEqual([]);
    });

    it('waits also when it is woken', async () => {
      await add(3);
      mailer.behaviour = fails(new MailServerUnavailableError('connect ECONNREFUSED'));
      const outbox = open();
      await pass(10);
      const asked = mailer.asked.length;
      for (let count = 0; count < 20; count += 1) {
        outbox.wake();
        await pass(100);
      }
      expect(mailer.asked).toHaveLength(asked);
    });

    it('for one mail only, sends the others', async () => {
      const [poison, ...others] = await add(50);
      mailer.behaviour = (id) =>
        id === poison ? Promise.reject(new MailServerUnavailableError('cut')) : Promise.resolve();
      open();
      await pass(MINUTE);
      expect(mailer.asked).toEqual(expect.arrayContaining(others));
      expect(await stored()).toMatchObject([{ id: poison }]);
    });
  });

  describe('with a store that fails', () => {
    it('goes on when it answers again, after one warning', async () => {
      store.broken.add('claim');
      await add();
      open();
      await pass(10 * MINUTE);
      expect(store.claims).toBeGreaterThan(15);
      expect(store.claims).toBeLessThan(40);
      expect(logged).toHaveLength(1);
      store.broken.clear();
      await pass(40 * SECOND);
      expect(mailer.asked).toHaveLength(1);
      expect(logged.at(-1)).toBe('The store of the outbox answers again.');
    });

    it('does not send a mail twice whose removal failed', async () => {
      await add(2);
      store.broken.add('remove');
      open();
      await pass(5 * MINUTE);
      expect(mailer.asked).toHaveLength(2);
      store.broken.clear();
      await pass(MINUTE);
      expect(mailer.asked).toHaveLength(2);
      expect(await stored()).toEqual([]);
    });

    it('tries a mail again whose failure could not be stored', async () => {
      await add();
      store.broken.add('postpone');
      mailer.behaviour = (_id, attempt) =>
        attempt < 3 ? Promise.reject(new Error('451')) : Promise.resolve();
      open();
      await pass(MINUTE);
      expect(mailer.asked).toHaveLength(3);
      expect(await stored()).toEqual([]);
    });

    it('of users, composes the mail later, and waits with all', async () => {
      await add(20);
      const compose = composer.answer;
      let composed = 0;
      composer.answer = () => {
        composed += 1;
        return Promise.reject(new StoreUnavailableError());
      };
      open();
      await pass(MINUTE);
      expect(composed).toBeLessThan(80);
      composer.answer = compose;
      await pass(3 * MINUTE);
      expect(new Set(mailer.asked).size).toBe(20);
      expect(await stored()).toEqual([]);
    });
  });

  it('tries a mail later that cannot be composed, and sends the others', async () => {
    const [broken, ...others] = await add(30);
    const compose = composer.answer;
    composer.answer = (mail) =>
      mail.id === broken ? Promise.reject(new TypeError('x of ann@example.com')) : compose(mail);
    open();
    await pass(5 * SECOND);
    expect(mailer.asked.toSorted()).toEqual(others.toSorted());
    expect(await stored()).toMatchObject([{ id: broken, attempts: 1, error: 'x of …' }]);
  });

  it('gives up an attempt that takes too long, and does not repeat it if it succeeds after all', async () => {
    await add();
    mailer.behaviour = () => new Promise((resolve) => setTimeout(resolve, 35 * SECOND));
    open();
    await pass(32 * SECOND);
    expect(await stored()).toMatchObject([{ attempts: 1, error: 'No result in time.' }]);
    await pass(HOUR);
    expect(mailer.asked).toHaveLength(1);
    expect(await stored()).toEqual([]);
  });

  it('sends others while mails hang', async () => {
    const hanging = new Set(await add(5));
    mailer.behaviour = (id) => (hanging.has(id) ? new Promise(() => {}) : Promise.resolve());
    open();
    await pass(SECOND);
    const [next] = await add();
    await pass(33 * SECOND);
    expect(mailer.asked).toContain(next);
  });

  describe('at the end of the process', () => {
    it('waits for mails that are being sent, starts no others, and gives back the right to send', async () => {
      await add(20);
      mailer.behaviour = () => new Promise((resolve) => setTimeout(resolve, 3 * SECOND));
      const outbox = open();
      await pass(10);
      let hasEnded = false;
      const ended = outbox.beforeApplicationShutdown().then(() => (hasEnded = true));
      await pass(2 * SECOND);
      expect(hasEnded).toBe(false);
      await pass(SECOND);
      await ended;
      expect(mailer.asked).toHaveLength(5);
      expect(await store.count('waiting')).toBe(15);
      expect(await store.claim('other', clock.now(), clock.now(), 1)).toHaveLength(1);
    });

    it('starts no mail that is claimed at that time', async () => {
      await add(20);
      store.delay = SECOND;
      const outbox = open();
      await pass(500);
      const ended = outbox.beforeApplicationShutdown();
      await pass(2 * SECOND);
      await ended;
      expect(mailer.asked).toEqual([]);
    });

    it('does not wait longer than ten seconds, and keeps the right to send until it ends', async () => {
      await add();
      mailer.behaviour = () => new Promise(() => {});
      const outbox = open();
      await pass(10);
      const ended = outbox.beforeApplicationShutdown();
      await pass(10 * SECOND);
      await ended;
      expect(await store.claim('other', clock.now(), clock.now(), 1)).toBeNull();
    });

    it('ends at once if nothing was sent, also if the store does not answer', async () => {
      store.broken.add('claim');
      const outbox = open();
      await pass(10);
      await outbox.beforeApplicationShutdown();
      await new Outbox(store, composer, mailer, clock).beforeApplicationShutdown();
    });
  });

  it('refuses options that make no sense', () => {
    for (const options of [{ parallel: 0 }, { maxAge: 0 }, { parallels: 3 }])
      expect(() => new Outbox(store, composer, mailer, clock, options as OutboxOptions)).toThrow(
        'OutboxOptions',
      );
  });
});
