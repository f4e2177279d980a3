import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  MailComposer,
  type MailMessage,
  MemoryOutboxStore,
  type OutboxMail,
  Outbox,
  SystemClock,
} from 'coatcheck';
import { smtp } from 'coatcheck/smtp';
import { aMail } from 'coatcheck/testing';
import { freePort } from './support/engines.js';
import { MailServer, ScriptedMailServer, aMessage } from './support/mail-server.js';
import { until } from './support/processes.js';

class TestComposer extends MailComposer {
  compose({ id, to, createdAt }: OutboxMail): Promise<MailMessage> {
    return Promise.resolve(aMessage({ messageId: `<${id}@service.example>`, to, createdAt }));
  }
}

const clock = new SystemClock();
const idsIn = (sources: readonly string[]) =>
  sources.map((source) => /^Message-ID: <([\w-]+)@/im.exec(source)![1]!);

describe('The outbox with a mail server', () => {
  let store: MemoryOutboxStore;
  let closing: (() => unknown)[];

  beforeEach(() => {
    store = new MemoryOutboxStore();
    closing = [];
  });

  afterEach(async () => {
    for (const close of closing) await close();
  });

  function send(port: number): Outbox {
    const outbox = new Outbox(
      store,
      new TestComposer(),
      smtp(`smtp://127.0.0.1:${port}`, { timeout: 2_000 }),
      clock,
    );
    outbox.onApplicationBootstrap();
    closing.push(() => outbox.beforeApplicationShutdown());
    return outbox;
  }

  async function add(count: number): Promise<string[]> {
    const mails = Array.from({ length: count }, () => aMail({ createdAt: clock.now() }));
    await store.add(mails);
    return mails.map(({ id }) => id).toSorted();
  }

  const isEmpty = async () => (await store.count(null)) === 0;

  it('delivers each of many mails once', async () => {
    const server = await MailServer.start();
    closing.push(server.stop);
    const ids = await add(200);
    send(server.port);
    await until(isEmpty);
    expect(idsIn(server.received.map(({ source }) => source)).toSorted()).toEqual(ids);
  });

  it('delivers all mails of the time in which the server was down, each once', async () => {
    const port = await freePort();
    const ids = await add(20);
    const outbox = send(port);
    await until(async () => (await store.list(null, 100, null)).some(({ attempts }) => attempts > 0));
    const server = await MailServer.start({}, port);
    closing.push(server.stop);
    outbox.wake();
    await until(isEmpty);
    expect(idsIn(server.received.map(({ source }) => source)).toSorted()).toEqual(ids);
  });

  it('repeats only mails whose confirmation was lost, with the same Message-ID', async () => {
    const server = await ScriptedMailServer.start();
    closing.push(() => server.stop());
    server.say({ '.': 'cut' });
    const ids = await add(20);
    send(server.port);
    await until(() => Promise.resolve(server.messages.length > 0));
    await until(async () => (await store.list(null, 100, null)).some(({ attempts }) => attempts > 0));
    const unconfirmed = new Set(idsIn(server.messages));
    const before = server.messages.length;
    server.say({});
    await until(isEmpty);
    expect(idsIn(server.messages.slice(before)).toSorted()).toEqual(ids);
    expect(unconfirmed.size).toBeLessThanOrEqual(5);
  });
});
