import type { ConnectionOptions } from 'node:tls';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { LONGEST_WAIT } from '../common/duration.js';
import { OptionsError, type Rule, assignOptions, integer, milliseconds, text } from '../common/options.js';
import { type Needed, withPackages } from '../common/with-packages.js';
import type { MailMessage, Mailer } from './mailer.js';
import { faultOfSmtpUrl, smtpServerOf } from './smtp/smtp-url.js';
import { TestedMailer } from './tested-mailer.js';

export { faultOfSmtpUrl } from './smtp/smtp-url.js';

export interface SmtpOptions {
  /** The number of connections that are open at the same time, by default 5. */
  readonly connections?: number;
  /** The longest time of a delivery in milliseconds, by default 25 seconds. */
  readonly timeout?: number;
  /** Certificates to trust instead of those that Node trusts, and the name in the certificate of the server if it is not the host. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'servername'>;
}

interface OpenMailer extends TestedMailer {
  close?(): void;
}

const NEEDS: Needed = { by: 'Sending mails', packages: 'nodemailer' };

const certificate: Rule = (value) =>
  value === null || typeof value === 'string' || Buffer.isBuffer(value) || Array.isArray(value)
    ? null
    : 'must be a certificate as PEM, or a list of them';

class CheckedOptions {
  readonly connections: number = 5;
  readonly timeout: number = 25_000;
  readonly tls: { readonly ca: NonNullable<SmtpOptions['tls']>['ca'] | null; readonly servername: string } = {
    ca: null,
    servername: '',
  };

  constructor(given: SmtpOptions) {
    assignOptions(this, 'SmtpOptions', given, {
      connections: integer(1, 100),
      timeout: milliseconds(LONGEST_WAIT),
      tls: {
        ca: certificate,
        servername: text(() => true, 'must be the name of a host'),
      },
    });
  }
}

/**
 * Sends mails by SMTP: `smtps://user:password@host:465`, or `smtp://user:password@host:587`, which requires STARTTLS unless the URL
 * ends in `?tls=off`. If the host is this machine, STARTTLS is used if it is offered, with any certificate, and required with
 * `?tls=required`. Throws an `OptionsError` if the URL is not valid.
 */
export function smtp(url: string, options: SmtpOptions = {}): Mailer {
  const fault = typeof url === 'string' ? faultOfSmtpUrl(url) : 'must be a text';
  if (fault !== null) throw new OptionsError('smtp()', [`the URL ${fault}`]);
  const { tls, ...limits } = new CheckedOptions(options);
  const certificates = {
    ...(tls.ca !== null && { ca: tls.ca }),
    ...(tls.servername !== '' && { servername: tls.servername }),
  };
  return new LoadedMailer(async () => {
    const { SmtpMailer } = await import('./smtp/smtp-mailer.js');
    return new SmtpMailer(smtpServerOf(url), limits, certificates);
  });
}

/** Writes each mail to a file in a folder, which is made if there is none, and logs its name. For development. */
export function fileMailer(directory: string): Mailer {
  if (typeof directory !== 'string' || directory === '')
    throw new OptionsError('fileMailer()', ['the folder must be a text that is not empty']);
  return new LoadedMailer(async () => {
    const { FileMailer } = await import('./smtp/file-mailer.js');
    return new FileMailer(directory);
  });
}

/** A mailer whose package is loaded when it is needed: if Nest has the mailer, at the start of the application. */
class LoadedMailer extends TestedMailer implements OnModuleInit, OnApplicationShutdown {
  #opened: Promise<OpenMailer> | null = null;

  constructor(private readonly open: () => Promise<OpenMailer>) {
    super();
  }

  async onModuleInit(): Promise<void> {
    await this.#mailer();
  }

  async onApplicationShutdown(): Promise<void> {
    (await this.#opened)?.close?.();
  }

  async send(message: MailMessage): Promise<void> {
    await (await this.#mailer()).send(message);
  }

  async test(message: MailMessage): Promise<string> {
    return (await this.#mailer()).test(message);
  }

  #mailer(): Promise<OpenMailer> {
    return (this.#opened ??= withPackages(NEEDS, this.open));
  }
}
