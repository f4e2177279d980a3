import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';
import type { Stage } from './support.js';

/** The steps of a delivery in their order. At each but the last, the client waits for the mail server. */
export const DELIVERY_STEPS = [
  'connection',
  'STARTTLS',
  'login',
  'MAIL FROM',
  'RCPT TO',
  'DATA',
  'end of message',
  'reply',
] as const;

export type DeliveryStep = (typeof DELIVERY_STEPS)[number];

/** What happens instead of the usual reply: the connection is cut, or `RCPT TO` gets a reply with this code. */
export type Fault = 'cut' | 451 | 550;

interface WatchedOptions {
  readonly port?: number;
  /** Milliseconds from the end of a message to its reply. */
  readonly pause?: number;
  readonly onConnection?: (port: number) => void;
  /** The fault of a step; `to` is the recipient at `RCPT TO`. */
  readonly faultAt?: (step: DeliveryStep, to: string | null) => Fault | null;
}

/** A whole message that came. Times are those of `performance.now()`. */
export interface Delivery {
  readonly messageId: string;
  readonly to: string;
  /** The port of the client. */
  readonly port: number;
  readonly connectedAt: number;
  /** When the client sent `MAIL FROM`. */
  readonly begunAt: number;
  /** When the reply was sent; null if none was. */
  repliedAt: number | null;
}

const USER = 'coatcheck';
const PASSWORD = 'a password of the server';

/** Has a server on this stage send to the watched mail server at a port, without the limits of an hour, and with time for a busy machine. */
export function mailVariables({ folder }: Stage, port: number): Record<string, string> {
  return {
    MAIL_URL: `smtp://${USER}:${encodeURIComponent(PASSWORD)}@localhost:${port}?tls=required`,
    MAIL_FROM: 'no-reply@example.com',
    PUBLIC_URL: 'http://localhost:3000',
    MAILS_PER_ADDRESS: '10000',
    MAILS_PER_ACCOUNT: '10000',
    MAILS_PER_NETWORK: '10000',
    NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem'),
    STORE_TIMEOUT: '10s',
  };
}

/** A mail server with STARTTLS and a login that tells at which step a client is, and can let it wait there. */
export class WatchedMailServer {
  readonly deliveries: Delivery[] = [];
  readonly #connectedAt = new Map<string, number>();
  readonly #begunAt = new Map<string, number>();
  #held: { readonly step: DeliveryStep; readonly reach: () => void } | null = null;
  readonly #server: SMTPServer;

  private constructor(
    certificate: { readonly key: Buffer; readonly cert: Buffer },
    private readonly options: WatchedOptions,
  ) {
    this.#server = new SMTPServer({ ...certificate, closeTimeout: 100, ...this.#handlers() });
    this.#server.on('error', () => {});
  }

  static async start(
    certificate: { readonly key: Buffer; readonly cert: Buffer },
    options: WatchedOptions = {},
  ): Promise<WatchedMailServer> {
    const watched = new WatchedMailServer(certificate, options);
    await new Promise<void>((resolve) => {
      watched.#server.listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    return watched;
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port;
  }

  /** Resolves when a client is at a step. From now on, clients at that step wait until they end. */
  hold(step: DeliveryStep): Promise<void> {
    return new Promise((reach) => {
      this.#held = { step, reach };
    });
  }

  /** Lets clients pass that come from now on. */
  release(): void {
    this.#held = null;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(resolve));
  }

  #handlers(): SMTPServerOptions {
    return {
      onConnect: (session, done) => {
        this.#connectedAt.set(session.id, performance.now());
        this.options.onConnection?.(session.remotePort);
        this.#at('connection', session, done);
      },
      onSecure: (_socket, session, done) => this.#at('STARTTLS', session, done),
      onAuth: ({ username, password }, session, done) =>
        this.#at('login', session, () => {
          if (username === USER && password === PASSWORD) done(null, { user: USER });
          else done(new Error('The login is wrong.'));
        }),
      onMailFrom: (_address, session, done) => {
        this.#begunAt.set(session.id, performance.now());
        this.#at('MAIL FROM', session, done);
      },
      onRcptTo: ({ address }, session, done) => this.#at('RCPT TO', session, done, address),
      onData: (stream, session, done) =>
        this.#at('DATA', session, () => {
          let source = '';
          stream.setEncoding('utf8').on('data', (chunk: string) => void (source += chunk));
          stream.once('end', () => void this.#take(source, session, done));
        }),
    };
  }

  async #take(source: string, session: SMTPServerSession, done: () => void): Promise<void> {
    const delivery: Delivery = {
      messageId: /^Message-ID: <(.+)>\r?$/im.exec(source)![1]!,
      to: session.envelope.rcptTo[0]!.address,
      port: session.remotePort,
      connectedAt: this.#connectedAt.get(session.id)!,
      begunAt: this.#begunAt.get(session.id)!,
      repliedAt: null,
    };
    this.deliveries.push(delivery);
    if (this.options.pause) await delay(this.options.pause);
    this.#at('end of message', session, () => {
      done();
      delivery.repliedAt = performance.now();
      this.#at('reply', session, () => {});
    });
  }

  #at(
    step: DeliveryStep,
    { id }: SMTPServerSession,
    goOn: (error?: Error) => void,
    to: string | null = null,
  ): void {
    if (this.#held?.step === step) return this.#held.reach();
    const fault = this.options.faultAt?.(step, to) ?? null;
    if (fault === 'cut') this.#cut(id);
    else goOn(fault === null ? undefined : Object.assign(new Error('Refused'), { responseCode: fault }));
  }

  #cut(sessionId: string): void {
    for (const connection of this.#server.connections)
      if (connection.session.id === sessionId) connection.close();
  }
}
