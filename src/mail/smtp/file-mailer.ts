import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import { type MailMessage, Mailer } from '../mailer.js';
import { partsOf } from './message-parts.js';

/** Writes each mail to a file that only this user can read. The same message always has the same file. */
export class FileMailer extends Mailer {
  readonly #logger = new Logger('FileMailer');
  readonly #transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });

  constructor(private readonly directory: string) {
    super();
  }

  async send(message: MailMessage): Promise<void> {
    const sent = await this.#transport.sendMail(partsOf(message));
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const file = join(this.directory, `${nameOf(message)}.eml`);
    const unfinished = join(this.directory, `.${randomUUID()}.tmp`);
    await writeFile(unfinished, sent.message, { mode: 0o600, flag: 'wx' });
    await rename(unfinished, file);
    this.#logger.log(`A mail was written to ${file}`);
  }
}

/** The id of the message before the domain, as a name of a file. */
function nameOf({ messageId }: MailMessage): string {
  return messageId
    .replace(/^<|@.*$|>$/g, '')
    .replace(/[^\w-]/g, '_')
    .slice(0, 100);
}
