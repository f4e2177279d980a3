import type { OutboxMail } from './outbox-mail.js';

/** An outbox in the memory of this process. Stores in memory add mails to it in the step of their change. */
export interface PutsMails {
  put(mails: readonly OutboxMail[]): void;
}
