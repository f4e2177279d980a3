import type { MailMessage } from './mailer.js';
import type { OutboxMail } from './outbox-mail.js';

/** Makes the message of a mail in the outbox when it is about to be sent. */
export abstract class MailComposer {
  /** Null for a mail that is not needed any more, such as that of an address that has no account. */
  abstract compose(mail: OutboxMail): Promise<MailMessage | null>;
}
