import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { MailRefusedError, MailServerUnavailableError, type Mailer, OptionsError } from 'coatcheck';
import { type SmtpOptions, faultOfSmtpUrl, fileMailer, smtp } from 'coatcheck/smtp';
import type { TestedMailer } from '../src/mail/tested-mailer.js';
import { describeIf } from './support/describe-if.js';
import { freePort } from './support/engines.js';
import {
  MailServer,
  type Phase,
  type Reply,
  ScriptedMailServer,
  aMessage,
  certificateForLocalhost,
} from './support/mail-server.js';
import { newFolder } from './support/server.js';

const describeWithOpenSsl = await describeIf('OpenSSL', 'PATH', () => {
  execFileSync('openssl', ['version'], { stdio: 'ignore' });
});

const closing: (() => unknown)[] = [];

function mailer(url: string, options: SmtpOptions = {}): Mailer {
  const made = smtp(url, { timeout: 5_000, ...options });
  closing.push(() => (made as unknown as { onApplicationShutdown(): Promise<void> }).onApplicationShutdown());
  return made;
}

async function mailServer(...options: Parameters<typeof MailServer.start>): Promise<MailServer> {
  const server = await MailServer.start(...options);
  closing.push(server.stop);
  return server;
}

async function scripted(replies: Partial<Record<Phase, Reply>> = {}): Promise<ScriptedMailServer> {
  const server = await ScriptedMailServer.start();
  server.say(replies);
  closing.push(() => server.stop());
  return server;
}

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const header = (source: string, name: string) =>
  new RegExp(`^${name}: (.*(?:\r\n[ \t].*)*)`, 'im').exec(source.split('\r\n\r\n')[0]!)?.[1];

describe('A mail that is sent by SMTP', () => {
  it('has text and HTML, the given id, date and language, and says that a program sent it', async () => {
    const server = await mailServer();
    const message = aMessage();
    await mailer(`smtp://127.0.0.1:${server.port}`).send(message);
    const [mail] = server.received;
    expect(mail).toMatchObject({ from: 'service@service.example', to: ['ann@example.com'] });
    const head = Object.fromEntries(
      ['From', 'To', 'Subject', 'Message-ID', 'Date', 'Auto-Submitted', 'Content-Language', 'X-Mailer'].map(
        (name) => [name, header(mail!.source, name)],
      ),
    );
    expect(head).toEqual({
      From: 'Service <service@service.example>',
      To: 'ann@example.com',
      Subject: 'Confirm your e-mail address',
      'Message-ID': message.messageId,
      Date: 'Thu, 01 Jan 2026 12:00:00 +0000',
      'Auto-Submitted': 'auto-generated',
      'Content-Language': 'en',
      'X-Mailer': undefined,
    });
    expect(header(mail!.source, 'Content-Type')).toMatch(/^multipart\/alternative/);
    expect(mail!.source).toMatch(/text\/plain[^]*https:[^]*text\/html[^]*<a href/);
  });

  it('gets no header and no recipient from what people typed', async () => {
    const server = await mailServer();
    const sender = mailer(`smtp://127.0.0.1:${server.port}`);
    await sender.send(
      aMessage({ subject: 'Hello\r\nBcc: eve@example.com\r\n\r\nBody', language: 'en\r\nX-A: b' }),
    );
    const { source, to } = server.received[0]!;
    expect(to).toEqual(['ann@example.com']);
    expect([header(source, 'Bcc'), header(source, 'X-A')]).toEqual([undefined, undefined]);
    for (const address of [
      'ann@example.com\r\nBcc: eve@example.com',
      'ann@example.com>\r\nRCPT TO:<eve@example.com',
      'Ann <ann@example.com>',
      'ann@example.com\0',
      'ann @example.com',
    ])
      await expect(sender.send(aMessage({ to: address }))).rejects.toThrow(MailRefusedError);
    await sender.send(aMessage({ to: 'ann@example.com,eve@example.com' })).catch(() => {});
    expect(server.received.flatMap((mail) => mail.to)).not.toContain('eve@example.com');
  });

  it('does not read a file or fetch a page that its texts name', async () => {
    const server = await mailServer();
    const html = '<img src="file:///etc/passwd"><img src="http://127.0.0.1:1/">';
    await mailer(`smtp://127.0.0.1:${server.port}`).send(aMessage({ html }));
    expect(server.received[0]!.source).toContain('file:///etc/passwd');
  });

  it('goes to an international domain in its ASCII form', async () => {
    const server = await mailServer();
    await mailer(`smtp://127.0.0.1:${server.port}`).send(aMessage({ to: 'ann@bücher.example' }));
    expect(server.received[0]!.source).toContain('To: ann@xn--bcher-kva.example');
    expect(server.received[0]!.to[0]).toMatch(/^ann@(xn--bcher-kva|bücher)\.example$/);
  });

  it('goes to an international name if the server takes it, and is refused if not', async () => {
    const [modern, old] = [await mailServer(), await scripted({ RCPT: '550 5.6.7 No SMTPUTF8' })];
    await mailer(`smtp://127.0.0.1:${modern.port}`).send(aMessage({ to: 'änne@example.com' }));
    expect(modern.received[0]!.to).toEqual(['änne@example.com']);
    const toOld = mailer(`smtp://127.0.0.1:${old.port}`).send(aMessage({ to: 'änne@example.com' }));
    await expect(toOld).rejects.toThrow(MailRefusedError);
  });

  it('shares a few connections with others', async () => {
    const server = await scripted();
    const sender = mailer(`smtp://127.0.0.1:${server.port}`, { connections: 2 });
    await Promise.all(Array.from({ length: 20 }, () => sender.send(aMessage())));
    expect(server.messages).toHaveLength(20);
    expect(server.connections).toBe(2);
  });
});

describeWithOpenSsl('TLS and login', () => {
  const { key, cert } = certificateForLocalhost();
  const login: Parameters<typeof MailServer.start>[0] = {
    key,
    cert,
    authOptional: false,
    onAuth: ({ username = '', password }, _session, done) => {
      if (password === 'p@ss/word') done(null, { user: username });
      else done(new Error('Wrong password p@ss/word of ann'));
    },
  };
  const USER = 'ann:p%40ss%2Fword';

  it('are used with STARTTLS and with TLS from the beginning', async () => {
    const [starttls, implicit] = [await mailServer(login), await mailServer({ ...login, secure: true })];
    const tls = { ca: cert };
    await mailer(`smtp://${USER}@localhost:${starttls.port}?tls=required`, { tls }).send(aMessage());
    await mailer(`smtps://${USER}@localhost:${implicit.port}`, { tls }).send(aMessage());
    for (const server of [starttls, implicit])
      expect(server.received).toMatchObject([{ user: 'ann', secure: true }]);
  });

  it('refuse a certificate that is not trusted, or that is for another host', async () => {
    const server = await mailServer({ ...login, secure: true });
    const url = `smtps://${USER}@localhost:${server.port}`;
    await expect(mailer(url).send(aMessage())).rejects.toThrow(MailServerUnavailableError);
    const other = mailer(url, { tls: { ca: cert, servername: 'mail.example' } });
    await expect(other.send(aMessage())).rejects.toThrow(MailServerUnavailableError);
    expect(server.received).toEqual([]);
  });

  it('send nothing to a server without STARTTLS where it is required', async () => {
    const attempts: unknown[] = [];
    const server = await mailServer({
      ...login,
      hideSTARTTLS: true,
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: (auth, _session, done) => {
        attempts.push(auth);
        done(null, { user: 'ann' });
      },
    });
    const sender = mailer(`smtp://${USER}@localhost:${server.port}?tls=required`, { tls: { ca: cert } });
    await expect(sender.send(aMessage())).rejects.toThrow(MailServerUnavailableError);
    expect([attempts, server.received]).toEqual([[], []]);
  });

  it('are used on this machine if STARTTLS is offered, unless the URL has tls=off', async () => {
    const server = await mailServer({ ...login, authOptional: true, allowInsecureAuth: true });
    for (const parameter of ['', '?tls=off'])
      await mailer(`smtp://${USER}@127.0.0.1:${server.port}${parameter}`).send(aMessage());
    const withCertificate = mailer(`smtp://localhost:${server.port}`, { tls: { ca: cert } });
    await withCertificate.send(aMessage());
    const withOther = mailer(`smtp://localhost:${server.port}`, {
      tls: { ca: certificateForLocalhost().cert },
    });
    await expect(withOther.send(aMessage())).rejects.toThrow(MailServerUnavailableError);
    expect(server.received.map(({ secure }) => secure)).toEqual([true, false, true]);
  });

  it('keep the mail for later if the password is wrong, and do not tell it', async () => {
    const server = await mailServer({ ...login, allowInsecureAuth: true });
    const sent = mailer(`smtp://ann:secret-123@127.0.0.1:${server.port}`).send(aMessage());
    const error = await sent.then(
      () => null,
      (cause: unknown) => cause,
    );
    expect(error).toBeInstanceOf(MailServerUnavailableError);
    expect(String(error)).toMatch(/\b535\b/);
    expect(String(error)).not.toMatch(/secret|p@ss/);
  });

  it('send nothing without the login if the server offers none', async () => {
    const server = await scripted();
    const sent = mailer(`smtp://ann:secret@127.0.0.1:${server.port}`).send(aMessage());
    await expect(sent).rejects.toThrow(MailServerUnavailableError);
    expect(server.messages).toEqual([]);
  });
});

describeWithOpenSsl('A test mail that is not accepted', () => {
  const { key, cert } = certificateForLocalhost();
  const faultOf = async (url: string, options: SmtpOptions = {}) => {
    const sent = (mailer(url, { timeout: 1_000, ...options }) as TestedMailer).test(aMessage());
    const error = await sent.then(
      () => null,
      (cause: unknown) => cause as Error,
    );
    expect(error?.message).not.toMatch(/\bann\b|pa55word/);
    return error?.message;
  };

  it('says that the mail server accepted one that is', async () => {
    const server = await mailServer();
    const sender = mailer(`smtp://127.0.0.1:${server.port}`) as TestedMailer;
    expect(await sender.test(aMessage())).toBe('The mail server accepted the mail to ann@example.com.');
    expect(server.received).toHaveLength(1);
  });

  it('says that nothing listens, or that there is no such host', async () => {
    const port = await freePort();
    expect(await faultOf(`smtp://ann:pa55word@127.0.0.1:${port}`)).toBe(
      `MAIL_URL: 127.0.0.1:${port} refused the connection. Check the host and the port, and that the mail server runs.`,
    );
    expect(await faultOf('smtp://mail.example.invalid', { timeout: 10_000 })).toBe(
      'MAIL_URL: the host of mail.example.invalid:587 is not known. Check the name mail.example.invalid, and the DNS of this machine.',
    );
  });

  it('says which kind of TLS the port has', async () => {
    const [plain, implicit] = [await mailServer(), await mailServer({ key, cert, secure: true })];
    expect(await faultOf(`smtps://127.0.0.1:${plain.port}`)).toBe(
      `MAIL_URL: 127.0.0.1:${plain.port} does not begin with TLS. Use smtp:// for this port, or smtps:// with the port that does, often 465.`,
    );
    expect(await faultOf(`smtp://127.0.0.1:${implicit.port}`)).toBe(
      `MAIL_URL: 127.0.0.1:${implicit.port} did not answer in time. Check the host, the port and the firewall. A port that begins with TLS, such as 465, needs smtps://.`,
    );
    expect(await faultOf(`smtp://127.0.0.1:${plain.port}?tls=required`)).toMatch(
      `MAIL_URL: 127.0.0.1:${plain.port} does not offer STARTTLS. Use`,
    );
  });

  it('says what is wrong with the certificate', async () => {
    const { port } = await mailServer({ key, cert, secure: true });
    expect(await faultOf(`smtps://localhost:${port}`)).toMatch(
      `MAIL_URL: the certificate of localhost:${port} is not trusted: self-signed certificate. Use`,
    );
    expect(await faultOf(`smtps://127.0.0.1:${port}`, { tls: { ca: cert } })).toBe(
      `MAIL_URL: the certificate of 127.0.0.1:${port} is for another name. Set the host to a name in the certificate.`,
    );
  });

  it('says that the login is wrong, without it', async () => {
    const { port } = await mailServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) =>
        done(new Error(`Unknown ${username} with ${password}`)),
    });
    expect(await faultOf(`smtp://ann:pa55word@127.0.0.1:${port}`)).toMatch(
      `MAIL_URL: 127.0.0.1:${port} did not accept the login: 535 Unknown … with …. Check the user and the password.`,
    );
  });

  it.each<[Phase, Reply, string]>([
    ['MAIL', '550 5.7.1 Sender not allowed', 'MAIL_FROM: HOST refused the sender: 550 5.7.1 Sender not'],
    [
      'RCPT',
      '550 5.1.1 No such user',
      '--to: HOST refused the mail: 550 5.1.1 No such user. Check the address',
    ],
    ['greeting', '554 No service', 'MAIL_URL: HOST did not accept the mail: 554 No service. Check'],
    ['EHLO', 'cut', 'MAIL_URL: HOST did not accept the mail: Connection closed unexpectedly. Check'],
  ])('says what was refused at %s with "%s"', async (phase, reply, sentence) => {
    const server = await scripted({ [phase]: reply });
    const { port } = server;
    expect(await faultOf(`smtp://127.0.0.1:${port}`)).toMatch(sentence.replace('HOST', `127.0.0.1:${port}`));
  });
});

describe('A mail server that refuses', () => {
  const refusals: readonly (readonly [
    Phase,
    Extract<Reply, `${number} ${string}`>,
    'refused' | 'unavailable' | 'later',
  ])[] = [
    ['RCPT', '550 5.1.1 <ann@example.com>: ann does not exist', 'refused'],
    ['RCPT', '450 4.2.0 <ann@example.com>: Greylisted', 'later'],
    ['RCPT', '421 4.7.0 Too many errors', 'unavailable'],
    ['DATA', '554 5.7.1 Not accepted', 'refused'],
    ['DATA', '451 4.3.0 Try again', 'later'],
    ['.', '552 5.2.2 Mailbox full', 'refused'],
    ['.', '452 4.3.1 Disk full', 'later'],
    ['.', '421 4.3.2 Going down', 'unavailable'],
    ['MAIL', '550 5.7.1 Sender not allowed', 'unavailable'],
    ['MAIL', '451 4.7.1 Later', 'later'],
    ['MAIL', '530 5.7.0 Log in first', 'unavailable'],
    ['greeting', '554 No service', 'unavailable'],
    ['greeting', '421 4.3.2 Busy', 'unavailable'],
    ['EHLO', '421 4.7.0 Busy', 'unavailable'],
  ];

  it.each(refusals)('at %s with "%s" makes the mail %s', async (phase, reply, meaning) => {
    const server = await scripted({ [phase]: reply });
    const sender = mailer(`smtp://127.0.0.1:${server.port}`);
    const error = await sender.send(aMessage()).then(
      () => null,
      (cause: unknown) => cause as Error,
    );
    const kind =
      error instanceof MailRefusedError
        ? 'refused'
        : error instanceof MailServerUnavailableError
          ? 'unavailable'
          : 'later';
    expect([kind, error?.message]).toEqual([meaning, expect.stringContaining(reply.slice(0, 3))]);
    expect(error?.message).not.toMatch(/ann|@/i);
    server.say({});
    await sender.send(aMessage());
  });

  it.each<Phase>(['greeting', 'EHLO', 'MAIL', 'RCPT', 'DATA', '.'])(
    'by cutting the connection at %s makes the mail wait, which is not sent twice by itself',
    async (phase) => {
      const server = await scripted({ [phase]: 'cut' });
      const sender = mailer(`smtp://127.0.0.1:${server.port}`);
      await expect(sender.send(aMessage())).rejects.toThrow(MailServerUnavailableError);
      expect(server.messages).toHaveLength(phase === '.' ? 1 : 0);
      server.say({});
      await sender.send(aMessage());
    },
  );

  it.each<Phase>(['greeting', 'EHLO', 'RCPT', '.'])(
    'by saying nothing at %s makes the mail wait after the longest time',
    async (phase) => {
      const server = await scripted({ [phase]: 'silence' });
      const sent = mailer(`smtp://127.0.0.1:${server.port}`, { timeout: 200 }).send(aMessage());
      await expect(sent).rejects.toThrow(MailServerUnavailableError);
    },
  );

  it('by saying a little for ever makes the mail wait after the longest time', async () => {
    const server = await scripted({ RCPT: 'trickle' });
    const started = performance.now();
    const sent = mailer(`smtp://127.0.0.1:${server.port}`, { timeout: 300 }).send(aMessage());
    await expect(sent).rejects.toThrow(MailServerUnavailableError);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('because it is not there makes mails wait, which are sent when it is', async () => {
    const port = await freePort();
    const sender = mailer(`smtp://127.0.0.1:${port}`);
    await expect(sender.send(aMessage())).rejects.toThrow(MailServerUnavailableError);
    const server = await mailServer({}, port);
    await sender.send(aMessage());
    expect(server.received).toHaveLength(1);
  });

  it('a connection that was idle does not lose a mail', async () => {
    const server = await scripted({ QUIT: 'cut' });
    const sender = mailer(`smtp://127.0.0.1:${server.port}`, { connections: 1 });
    await sender.send(aMessage());
    server.say({ MAIL: 'cut' });
    const second = sender.send(aMessage());
    await new Promise((resolve) => setTimeout(resolve, 60));
    server.say({});
    await second;
    expect(server.messages).toHaveLength(2);
  });
});

describe('The URL of a mail server', () => {
  it.each([
    'smtp://localhost',
    'smtp://user:p%40ss@mail.example',
    'smtp://user@example.com:pass@mail.example:2525',
    'smtps://user:pass@mail.example/',
    'smtp://mail.example?tls=off',
    'smtp://user:pass@127.0.0.1:25?tls=off',
    'smtp://user:pass@[::1]:25',
    'smtp://bücher.example',
  ])('may be %s', (url) => {
    expect(faultOfSmtpUrl(url)).toBeNull();
    expect(smtp(url)).toBeDefined();
  });

  it.each([
    ['', 'must be like'],
    ['mail.example', 'must be like'],
    ['http://user:pa55word@mail.example', 'must begin with smtp'],
    ['smtp://user:pa55#word@mail.example', 'encode'],
    ['smtp://user:123/pa55@mail.example', 'encode'],
    ['smtp://user:123?pa55@mail.example', 'encode'],
    ['smtp://user:pa55%zz@mail.example', 'percent'],
    ['smtp://user@mail.example', 'both a user and a password'],
    ['smtp://:pa55@mail.example', 'both a user and a password'],
    ['smtp:///', 'must'],
    ['smtp://mail.example:99999', 'must be like'],
    ['smtp://user:pa55@mail.example?tls=off', 'without TLS'],
    ['smtp://mail.example?tls=maybe', 'tls=required or tls=off'],
    ['smtps://mail.example?tls=off', 'neither after smtps'],
    ['smtp://mail.example?pa55=1', 'parameter'],
    ['smtp://mail.example?tls=off&tls=required', 'parameter'],
  ])('must not be %s', (url, cure) => {
    const fault = faultOfSmtpUrl(url);
    expect(fault).toContain(cure);
    expect(fault).not.toContain('pa55');
    expect(() => smtp(url)).toThrow(OptionsError);
  });

  it('is checked with the options', () => {
    for (const options of [{ timeout: 0 }, { connections: 0 }, { tls: { ca: 5 } }, { tls: { key: 'x' } }])
      expect(() => smtp('smtp://localhost', options as SmtpOptions)).toThrow(OptionsError);
    expect(() => fileMailer('')).toThrow(OptionsError);
  });
});

describe('The mailer to files', () => {
  it('writes each mail to one file for its user alone', async () => {
    const folder = join(newFolder(), 'made', 'mails');
    const sender = fileMailer(folder);
    const message = aMessage({ messageId: '<../../0199-a@service.example>' });
    await sender.send(message);
    await sender.send(message);
    await sender.send(aMessage({ messageId: '<0199-b@service.example>' }));
    expect(readdirSync(folder).toSorted()).toEqual(['0199-b.eml', '______0199-a.eml']);
    const file = join(folder, '0199-b.eml');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readFileSync(file, 'utf8')).toMatch(/^Message-ID: <0199-b@service\.example>\r\n/m);
  });

  it('says where it has written a test mail, and why it cannot write', async () => {
    const folder = newFolder();
    const sender = fileMailer(folder) as TestedMailer;
    expect(await sender.test(aMessage({ messageId: '<0199-b@service.example>' }))).toBe(
      `The mail was written to the file ${join(folder, '0199-b.eml')}. No mail server got it.`,
    );
    mkdirSync(join(folder, '0199-c.eml', 'full'), { recursive: true });
    const message = aMessage({ messageId: '<0199-c@service.example>' });
    await expect(sender.send(message)).rejects.toThrow('EISDIR');
    await expect(sender.test(message)).rejects.toThrow(
      `MAIL_URL: the folder ${folder} cannot be written (EISDIR). Correct its path or its owner.`,
    );
  });
});
