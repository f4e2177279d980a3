import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OutboxStore, UsersService } from 'coatcheck';
import { smtp } from 'coatcheck/smtp';
import { PASSWORD, TestApp } from './support/app.js';
import { MailServer } from './support/mail-server.js';

/** Texts that would be headers, recipients or the end of the head if one of them came into a header as it is. */
const HOSTILE = [
  'Ann\r\nBcc: eve@example.com',
  'Ann\nX-Evil: 1',
  'Ann\r\n\r\nbody',
  'Ann\u2028Bcc: eve@example.com',
  'Ann\u0085X-Evil: 1',
  'Ann" <eve@example.com>, "',
  'Ann, eve@example.com',
  'Ann <eve@example.com>',
  '=?utf-8?q?Ann=0D=0ABcc:_eve@example.com?=',
  'x'.repeat(5000),
  '\u{1F600}'.repeat(200),
];

/** Addresses that a mail goes to, and how the mail server gets them. */
const ADDRESSES: readonly (readonly [string, readonly string[]])[] = [
  ["o'hara+news@example.com", ["o'hara+news@example.com"]],
  ['änne@example.com', ['änne@example.com']],
  ['ann@bücher.example', ['ann@xn--bcher-kva.example', 'ann@bücher.example']],
  [`${'x'.repeat(64)}@example.com`, [`${'x'.repeat(64)}@example.com`]],
];

/** Texts that are no address of one person. */
const NO_ADDRESSES = [
  'ann@example.com, eve@example.com',
  'ann@example.com,eve@example.com',
  'ann@example.com;eve@example.com',
  'ann@example.com\r\nBcc: eve@example.com',
  'ann@example.com\r\nRCPT TO:<eve@example.com>',
  'ann@example.com> NOTIFY=SUCCESS <eve@example.com',
  'Ann <eve@example.com>',
  '"ann, eve@example.com"@example.com',
  '"ann\r\nBcc: eve@example.com"@example.com',
  'ann@example.com (eve@example.com)',
  'ann@example.com\u2028eve@example.com',
  '<ann@example.com>,<eve@example.com>',
  'group:ann@example.com,eve@example.com;',
  '@eve.example:ann@example.com',
];

const FIELDS = [
  'From',
  'To',
  'Subject',
  'Message-ID',
  'Content-Language',
  'Auto-Submitted',
  'Date',
  'MIME-Version',
  'Content-Type',
];

describe('The head of a mail', () => {
  let mails: MailServer;
  let app: TestApp;

  beforeAll(async () => {
    mails = await MailServer.start();
    app = await TestApp.start(
      {
        AUTH_TYPE: 'session_db_auth,token_auth',
        REGISTRATION: 'open',
        MAILS_PER_NETWORK: '10000',
        MAILS_PER_ACCOUNT: '10000',
        MAIL_FROM: '"Example, \'Inc\'; (Größe)" <no-reply@example.com>',
      },
      {},
      { mailer: smtp(`smtp://127.0.0.1:${mails.port}`) },
    );
  });

  afterAll(async () => {
    await app.stop();
    await mails.stop();
  });

  /** The mails that were sent since the last call, as the mail server got them. */
  let seen = 0;
  const sent = async () => {
    const outbox = app.nest.get(OutboxStore);
    for (let tries = 0; (await outbox.count('waiting')) > 0; tries += 1) {
      if (tries > 1000) throw new Error('The outbox is not empty after ten seconds.');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const all = mails.received.slice(seen);
    seen = mails.received.length;
    return all;
  };

  const expectPlainHead = (source: string) => {
    const [head = ''] = source.split('\r\n\r\n');
    const fields = head.replace(/\r\n[ \t]/g, ' ').split('\r\n');
    expect(fields.map((field) => field.split(':', 1)[0]).toSorted()).toEqual(FIELDS.toSorted());
    expect(head).not.toMatch(/[\u2028\u2029\u0085]|[^\r]\n|\r[^\n]/);
    for (const line of head.split('\r\n')) expect(line.length).toBeLessThan(998);
  };

  it.each(HOSTILE.map((text) => [JSON.stringify(text).slice(0, 60), text]))(
    'contains no field and no recipient of a name, a label, a browser or a language: %s',
    async (_, text) => {
      const email = `person-${seen}@example.com`;
      const details = { email, password: PASSWORD, firstName: text, lastName: text };
      // What the API refuses can be in the users of an application.
      const { id } = await app.nest.get(UsersService).create(details);
      const ascii = text.replace(/[^\x20-\x7e]/g, '?');
      const person = app.visitor({ 'user-agent': ascii, 'accept-language': ascii });
      const settings = { expires_at: new Date(app.clock.now().getTime() + 86_400_000).toISOString() };
      for (const browser of [person, app.visitor({ 'user-agent': 'Firefox/140.0' })])
        expect((await browser.login(email)).status).toBe(200);
      await person.post('/access_tokens', { label: text, scope: 'read', ...settings });
      expect((await person.post('/password/forgot', { email })).status).toBe(202);
      expect((await person.put('/users/me', { email: `new-${email}` })).status).toBe(200);
      const received = await sent();
      expect(received.length).toBeGreaterThan(4);
      for (const { source, to } of received) {
        expectPlainHead(source);
        expect(to).toEqual([expect.stringMatching(/^(?:new-)?person-\d+@example\.com$/)]);
      }
      await app.nest.get(UsersService).remove(id);
    },
  );

  it.each(ADDRESSES)('names one recipient: %s', async (email, forms) => {
    await app.nest.get(UsersService).create({ email, password: PASSWORD, firstName: 'Ann', lastName: null });
    expect((await app.visitor().post('/password/forgot', { email })).status).toBe(202);
    const received = await sent();
    expect(received).toHaveLength(2);
    for (const { source, to } of received) {
      expectPlainHead(source);
      expect(to).toHaveLength(1);
      expect(forms).toContain(to[0]);
    }
  });

  it.each(NO_ADDRESSES.map((text) => [JSON.stringify(text), text]))(
    'is made for no text that is not one address: %s',
    async (_, email) => {
      const root = app.visitor();
      const name = `root-${seen}-${NO_ADDRESSES.indexOf(email)}@example.com`;
      await app.addUser(name, 'admin');
      await root.login(name);
      await sent();
      for (const [method, path, status] of [
        ['POST', '/invitations', 400],
        ['PUT', '/users/me', 400],
        ['POST', '/users', 400],
        ['POST', '/password/forgot', 202],
        ['POST', '/email/verification', 202],
      ] as const) {
        const body = { email, ...(path === '/users' && { password: PASSWORD }) };
        expect([path, (await root.send(method, path, body)).status]).toEqual([path, status]);
      }
      expect(await sent()).toEqual([]);
    },
  );
});
