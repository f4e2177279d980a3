import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Command } from 'commander';
import { OutboxStore } from 'coatcheck';
import { addMailCommands } from '../src/server/commands/mail-commands.js';
import { TestApp } from './support/app.js';
import { freePort } from './support/engines.js';
import { MailServer } from './support/mail-server.js';
import { MAILS } from './support/app.js';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp();
});

/** An application, and what its commands for mails print. */
async function start(variables: Readonly<Record<string, string>>) {
  const app = await TestApp.start({ ...MAILS, ...variables });
  cleanups.push(() => app.stop());
  const run = async (...args: string[]): Promise<string> => {
    const printed = jest.spyOn(console, 'log').mockImplementation(() => {});
    const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
    addMailCommands(program, (work) => work(app.nest));
    try {
      await program.parseAsync(['mail', ...args], { from: 'user' });
      return printed.mock.calls.flat().join('\n');
    } finally {
      printed.mockRestore();
    }
  };
  return { app, run };
}

describe('The commands for mails', () => {
  it('test the mail server with a mail to one address', async () => {
    const server = await MailServer.start();
    cleanups.push(server.stop);
    const { run } = await start({ MAIL_URL: `smtp://127.0.0.1:${server.port}` });
    for (const address of ['you', 'You <you@example.com>', 'a@example.com,b@example.com'])
      await expect(run('test', '--to', address)).rejects.toThrow('Must be an e-mail address');
    expect(server.received).toEqual([]);
    expect(await run('test', '--to', 'you@example.com')).toBe(
      'The mail server accepted the mail to you@example.com.',
    );
    expect(server.received).toMatchObject([{ to: ['you@example.com'] }]);
  });

  it('list a mail whose time has come as due now', async () => {
    const { app, run } = await start({ MAIL_URL: `smtp://127.0.0.1:${await freePort()}` });
    await app.addUser('ann@example.com');
    const store = app.nest.get(OutboxStore);
    for (let tries = 0; (await store.list(null, 1, null))[0]?.attempts !== 1; tries += 1) {
      if (tries > 500) throw new Error('Nothing was sent within five seconds.');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const line = /verify_email +ann@example\.com  (.*)  after 1 attempt  connect ECONNREFUSED/;
    expect(line.exec(await run('outbox'))?.[1]).toMatch(/^next \d{4}-/);
    app.clock.advance(3_600_000);
    expect(line.exec(await run('outbox'))?.[1]).toBe('due now');
  });
});
