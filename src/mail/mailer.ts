/** A mail as it is sent. */
export interface MailMessage {
  /** The same for every attempt to send the same mail: `<id@domain>`. */
  readonly messageId: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The language of the texts, such as `en`. */
  readonly language: string;
  readonly createdAt: Date;
}

/** A message that the mail server will never accept. It is not tried again. */
export class MailRefusedError extends Error {
  override readonly name = 'MailRefusedError';
}

/** The mail server that cannot be reached or does not accept any message now. */
export class MailServerUnavailableError extends Error {
  override readonly name = 'MailServerUnavailableError';
}

/** Sends mails. Provide a subclass to send them in your own way. */
export abstract class Mailer {
  /**
   * Resolves when the message is accepted. Throws `MailRefusedError` if this message will never be, `MailServerUnavailableError` if
   * others would fail now, too, and any other error to have this message tried again later.
   */
  abstract send(message: MailMessage): Promise<void>;
}
