import type { ConnectionOptions } from 'node:tls';
import { createTransport } from 'nodemailer';
import { printable } from '../../common/printable.js';
import { type MailMessage, MailRefusedError, MailServerUnavailableError } from '../mailer.js';
import { reasonOf } from '../reason.js';
import { TestedMailer } from '../tested-mailer.js';
import { type Failure, adviceOn } from './advice.js';
import { partsOf } from './message-parts.js';
import { type SmtpServer, secretsOf } from './smtp-url.js';

export interface SmtpLimits {
  /** The number of connections that are open at the same time. */
  readonly connections: number;
  /** The longest time of a delivery in milliseconds. */
  readonly timeout: number;
}

/** Milliseconds to connect and for the greeting, without an answer, and that a connection stays open without a message. */
const CONNECT = 10_000;
const SILENCE = 20_000;
const IDLE = 5_000;

/** Sends mails to one server. */
export class SmtpMailer extends TestedMailer {
  readonly #transport;
  readonly #timeout: number;

  constructor(
    private readonly server: SmtpServer,
    { connections, timeout }: SmtpLimits,
    certificates: Pick<ConnectionOptions, 'ca' | 'servername'>,
  ) {
    super();
    const { host, port, tls, login } = server;
    this.#timeout = timeout;
    this.#transport = createTransport({
      pool: true,
      host,
      port,
      secure: tls === 'implicit',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'off',
      opportunisticTLS: tls === 'offered',
      // A mail server on this machine often has a certificate that nobody signed, and is reached without TLS otherwise.
      tls: { ...certificates, rejectUnauthorized: tls !== 'offered' || 'ca' in certificates },
      ...(login && { auth: { user: login.user, pass: login.password }, forceAuth: true }),
      maxConnections: connections,
      // Only of a message of which no byte was sent, because the server had closed an idle connection.
      maxRequeues: 1,
      idleTimeout: IDLE,
      connectionTimeout: Math.min(CONNECT, timeout),
      dnsTimeout: Math.min(CONNECT, timeout),
      greetingTimeout: Math.min(CONNECT, timeout),
      socketTimeout: Math.min(SILENCE, timeout),
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async send(message: MailMessage): Promise<void> {
    const parts = partsOf(message);
    try {
      await this.#deliver(parts);
    } catch (error) {
      throw meaningOf(error, message.to, this.server);
    }
  }

  async test(message: MailMessage): Promise<string> {
    const parts = partsOf(message);
    try {
      await this.#deliver(parts);
    } catch (error) {
      throw new Error(adviceOn(error, message.to, this.server), { cause: error });
    }
    return `The mail server accepted the mail to ${printable(message.to)}.`;
  }

  async #deliver(parts: ReturnType<typeof partsOf>): Promise<void> {
    await this.#transport.sendMail({ ...parts, signal: AbortSignal.timeout(this.#timeout) });
  }

  /** Closes the connections, each after its delivery. */
  close(): void {
    this.#transport.close();
  }
}

/**
 * The error of the contract. A reply to the sender's address concerns every message, and so do all errors that are no reply to a
 * message.
 */
function meaningOf(error: unknown, to: string, server: SmtpServer): Error {
  const { code, responseCode = 0, response, command }: Failure = Object(error);
  const concernsMessage = (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== 421;
  const reason = reasonOf(response ? new Error(response) : error, to, secretsOf(server));
  if (!concernsMessage || (responseCode >= 500 && command === 'MAIL FROM'))
    return new MailServerUnavailableError(reason);
  const isFinal = responseCode >= 500 || responseCode === 0;
  return isFinal ? new MailRefusedError(reason) : new Error(reason);
}
