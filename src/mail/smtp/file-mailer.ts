import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Logger } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import type { MailMessage } from '../mailer.js';
import { TestedMailer } from '../tested-mailer.js';
import { partsOf } from './message-parts.js';

/** Writes each mail to a file that only this user can read. The same message always has the same file. */
export class FileMailer extends TestedMailer {
  readonly #logger = new Logger('FileMailer');
  readonly #transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });

  constructor(private readonly directory: string) {
    super();
  }

  async send(message: MailMessage): Promise<void> {
    this.#logger.log(`A mail was written to ${await this.#write(message)}`);
  }

  async test(message: MailMessage): Promise<string> {
    const file = await this.#write(message).catch((error: unknown) => {
      throw new Error(
        `MAIL_URL: the folder ${this.directory} cannot be written (${String(Object(error).code)}). Correct its path or its owner.`,
        { cause: error },
      );
    });
    return `The mail was written to the file ${resolve(file)}. No mail server got it.`;
  }

  /** Returns the file. */
  async #write(message: MailMessage): Promise<string> {
    const sent = await this.#transport.sendMail(partsOf(message));
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const file = join(this.directory, `${nameOf(message)}.eml`);
    const unfinished = join(this.directory, `.${randomUUID()}.tmp`);
    await writeFile(unfinished, sent.message, { mode: 0o600, flag: 'wx' });
    await rename(unfinished, file);
    return file;
  }
}

/** The id of the message before the domain, as a name of a file. */
function nameOf({ messageId }: MailMessage): string {
  return messageId
    .replace(/^<|@.*$|>$/g, '')
    .replace(/[^\w-]/g, '_')
    .slice(0, 100);
}
