import { type MailMessage, Mailer } from './mailer.js';

/** A mailer that can tell the operator about one message. */
export abstract class TestedMailer extends Mailer {
  /** Sends a message and says where it went. Throws an error that says what to correct, and in which setting. */
  abstract test(message: MailMessage): Promise<string>;
}
