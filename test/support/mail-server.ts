import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { MailMessage } from '../../src/mail/mailer.js';
import { newFolder } from './server.js';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | null;
  readonly secure: boolean;
  readonly source: string;
}

interface MailServerOptions extends SMTPServerOptions {
  /** The reply to a message that came whole; null to accept it. */
  readonly judge?: (mail: ReceivedMail) => Error | null;
}

/** A mail server that keeps what it receives. */
export class MailServer {
  private constructor(
    readonly port: number,
    readonly received: readonly ReceivedMail[],
    /** Those that came whole and were not accepted. */
    readonly refused: readonly ReceivedMail[],
    readonly stop: () => Promise<void>,
  ) {}

  static async start({ judge, ...options }: MailServerOptions = {}, port = 0): Promise<MailServer> {
    const received: ReceivedMail[] = [];
    const refused: ReceivedMail[] = [];
    const server = new SMTPServer({
      authOptional: true,
      ...(!options.key && { hideSTARTTLS: true, disabledCommands: ['STARTTLS'] }),
      closeTimeout: 100,
      onData: (stream, { envelope, user, secure }, done) => {
        let source = '';
        stream.setEncoding('utf8').on('data', (chunk: string) => void (source += chunk));
        stream.on('end', () => {
          const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
          const to = envelope.rcptTo.map(({ address }) => address);
          const mail = { from, to, user: (user as string | undefined) ?? null, secure, source };
          const refusal = judge?.(mail) ?? null;
          (refusal ? refused : received).push(mail);
          done(refusal);
        });
      },
      ...options,
    });
    server.on('error', () => {});
    await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
    const stop = () => new Promise<void>((resolve) => server.close(() => resolve()));
    return new MailServer((server.server.address() as AddressInfo).port, received, refused, stop);
  }
}

/** The source of a mail whose texts are ASCII, without its quoted-printable encoding. */
export function plainSource(source: string): string {
  return source.replace(/=\r\n/g, '').replace(/=3D/g, '=');
}

/** The parts of a conversation: `.` is the end of the message. */
export type Phase = 'greeting' | 'EHLO' | 'MAIL' | 'RCPT' | 'DATA' | '.' | 'RSET' | 'QUIT';

/** A reply, or what happens instead: the connection is cut, nothing is ever said, or a reply that never ends. */
export type Reply = `${number} ${string}` | 'cut' | 'silence' | 'trickle';

const REPLIES: Readonly<Record<Phase, Reply>> = {
  greeting: '220 test',
  EHLO: '250 test',
  MAIL: '250 2.1.0 Ok',
  RCPT: '250 2.1.5 Ok',
  DATA: '354 Go on',
  '.': '250 2.0.0 Ok',
  RSET: '250 2.0.0 Ok',
  QUIT: '221 2.0.0 Bye',
};

/** A mail server that says what a test wants. */
export class ScriptedMailServer {
  /** What is said now. */
  replies = REPLIES;
  /** The sources of messages that came whole, whatever was replied. */
  readonly messages: string[] = [];
  connections = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#serve(socket));

  private constructor() {}

  static async start(port = 0): Promise<ScriptedMailServer> {
    const server = new ScriptedMailServer();
    await new Promise<void>((resolve) => void server.#server.listen(port, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  say(replies: Partial<Record<Phase, Reply>>): void {
    this.replies = { ...REPLIES, ...replies };
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => void this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    const reply = (phase: Phase): void => {
      const text = this.replies[phase];
      if (text === 'cut') socket.destroy();
      else if (text === 'trickle') {
        const timer = setInterval(() => socket.write('250-Wait\r\n'), 20);
        socket.on('close', () => clearInterval(timer));
      } else if (text !== 'silence') socket.write(`${text}\r\n`);
    };
    let rest = '';
    let isMessage = false;
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      rest += chunk;
      for (;;) {
        const end = rest.indexOf(isMessage ? '\r\n.\r\n' : '\r\n');
        if (end < 0) return;
        const part = rest.slice(0, end);
        rest = rest.slice(end + (isMessage ? 5 : 2));
        if (isMessage) this.messages.push(part);
        const phase: Phase = isMessage ? '.' : (part.slice(0, 4).toUpperCase() as Phase);
        isMessage = phase === 'DATA' && this.replies.DATA.startsWith('354');
        reply(phase);
      }
    });
    reply('greeting');
  }
}

/** A key and a certificate for `localhost` that nobody has signed, which are also `key.pem` and `cert.pem` in the folder. */
export function certificateForLocalhost(folder = newFolder()): {
  readonly key: Buffer;
  readonly cert: Buffer;
} {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const what = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync('openssl', ['req', ...what, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

let mails = 0;

export function aMessage(over: Partial<MailMessage> = {}): MailMessage {
  mails += 1;
  return {
    messageId: `<mail-${mails}@service.example>`,
    from: 'Service <service@service.example>',
    to: 'ann@example.com',
    subject: 'Confirm your e-mail address',
    text: 'Hello Ann,\n\nhttps://service.example/verify#0123456789',
    html: '<p>Hello Ann, <a href="https://service.example/verify#0123456789">confirm</a>',
    language: 'en',
    createdAt: new Date('2026-01-01T12:00:00.000Z'),
    ...over,
  };
}
