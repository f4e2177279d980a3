import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MemoryMailer } from 'coatcheck/testing';
import { PASSWORD, TestApp, type Visitor } from './support/app.js';

/** The routes of mails, each with a field and a body that it takes. */
const ROUTES = {
  '/password/forgot': ['email', { email: 'ann@example.com' }],
  '/email/verification': ['email', { email: 'ann@example.com' }],
  '/email/verify': ['token', { token: 'verify-x.y' }],
  '/email/confirm': ['token', { token: 'confirm-x.y' }],
  '/email/cancel': ['token', { token: 'cancel-x.y' }],
  '/invitations': ['email', { email: 'new@example.com' }],
} as const;

/** Values that are no text of a person. */
const WRONG = [
  undefined,
  null,
  1,
  true,
  [],
  ['ann@example.com'],
  {},
  { email: 'ann@example.com' },
  '',
  'x'.repeat(1001),
];

/** Texts that are strange, and neither an error of the server nor lost. */
const STRANGE = [
  '\u0000',
  'ann@example.com\r\nBcc: eve@example.com',
  '__proto__',
  "' or 1=1 --",
  '<b>@example.com',
  '𝕒@example.com',
];

describe('The routes of mails', () => {
  const mailbox = new MemoryMailer();
  let app: TestApp;
  let root: Visitor;

  beforeAll(async () => {
    const limits = {
      MAILS_PER_NETWORK: '10000',
      AUTH_FAILURES_PER_NETWORK: '10000',
      AUTH_FAILURES_PER_SERVER: '10000',
    };
    app = await TestApp.start({ AUTH_TYPE: 'session_db_auth', ...limits }, {}, { mailer: mailbox });
    await app.addUser('root@example.com', 'admin');
    root = app.visitor();
    await root.login('root@example.com', PASSWORD);
  });

  afterAll(() => app.stop());

  describe.each(Object.entries(ROUTES))('%s', (path, [field, body]) => {
    it.each(WRONG.map((value) => [JSON.stringify(value) ?? 'nothing', value]))(
      'refuses %s',
      async (_, value) => {
        const { status, body: problem } = await root.post(path, { ...body, [field]: value });
        expect(status).toBe(400);
        expect(problem).toMatchObject({ code: 'validation_failed', errors: [{ pointer: `/${field}` }] });
      },
    );

    it.each(STRANGE)('answers %j without an error of the server', async (value) => {
      const { status, body: problem } = await root.post(path, { ...body, [field]: value });
      expect([status, problem.code ?? 'accepted']).toEqual(
        field === 'token'
          ? [400, expect.stringMatching(/^(email_token_invalid|validation_failed)$/)]
          : path === '/invitations'
            ? [400, 'validation_failed']
            : [expect.any(Number), expect.stringMatching(/^(accepted|validation_failed)$/)],
      );
    });

    it('refuses other members, other types and broken JSON', async () => {
      const statuses = [
        await root.post(path, { ...body, admin: true }),
        await root.post(path, { ...body, [field]: '\ud800' }),
        await root.send('POST', path, new URLSearchParams({ [field]: 'x' })),
        await root.send('POST', path, '{"', { 'content-type': 'application/json' }),
        await root.send('POST', path, `{"${field}":"${'x'.repeat(17_000)}"}`, {
          'content-type': 'application/json',
        }),
        await root.send('POST', path, `{"${field}":"a","${field}":"b"}`, {
          'content-type': 'application/json',
        }),
      ].map(({ status }) => status);
      expect(statuses).toEqual([400, 400, 415, 400, 413, 400]);
    });

    it('changes nothing by GET, which programs that scan mails send', async () => {
      const token = field === 'token' ? '?token=verify-x.y' : '';
      const { status, headers } = await app.visitor().get(path + token);
      expect([401, 405]).toContain(status);
      if (status === 405) expect(headers.get('allow')).not.toContain('GET');
    });

    it('refuses a request of a page of another site', async () => {
      const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
      const { status, body: problem } = await root.send('POST', path, body, headers);
      expect([status, problem.code]).toEqual([403, 'cross_site_request']);
    });
  });

  it('have sent nothing to strange addresses', () => {
    for (const { to } of mailbox.messages) expect(to).toMatch(/^(ann|root|new)@example\.com$/);
  });
});
