import { setTimeout as delay } from 'node:timers/promises';
import { type MailMessage, Mailer } from '../mail/mailer.js';

/** Milliseconds. */
const POLL = 10;
const LONGEST_WAIT = 5_000;

export interface MailQuery {
  /** The subject, or a pattern that it matches. */
  readonly subject?: string | RegExp;
  /** The longest time to wait in milliseconds, by default 5 seconds. */
  readonly timeout?: number;
}

/** A mailer for tests: keeps the messages instead of sending them. */
export class MemoryMailer extends Mailer {
  readonly #messages: MailMessage[] = [];

  /** In the order in which they were sent. */
  get messages(): readonly MailMessage[] {
    return [...this.#messages];
  }

  send(message: MailMessage): Promise<void> {
    this.#messages.push(message);
    return Promise.resolve();
  }

  /** The newest message to an address; null if there is none. */
  lastTo(address: string): MailMessage | null {
    return this.#find(address, {});
  }

  /** The newest message to an address as soon as there is one. Throws if there is none in time. */
  async waitFor(address: string, query: MailQuery = {}): Promise<MailMessage> {
    const end = performance.now() + (query.timeout ?? LONGEST_WAIT);
    for (;;) {
      const found = this.#find(address, query);
      if (found) return found;
      if (performance.now() > end)
        throw new Error(
          `No such mail to ${address}. Mails were sent to: ${this.#messages.map(({ to }) => to).join(', ') || 'nobody'}.`,
        );
      await delay(POLL);
    }
  }

  clear(): void {
    this.#messages.length = 0;
  }

  #find(address: string, { subject }: MailQuery): MailMessage | null {
    return (
      this.#messages.findLast(
        (message) =>
          message.to.toLowerCase() === address.toLowerCase() &&
          (subject instanceof RegExp
            ? subject.test(message.subject)
            : (subject ?? message.subject) === message.subject),
      ) ?? null
    );
  }
}

/** The link in a message. Throws if there is none. */
export function linkIn({ text }: MailMessage): string {
  const link = /https?:\/\/\S+/.exec(text)?.[0];
  if (link === undefined) throw new Error('The mail has no link.');
  return link;
}

/** The token in the fragment of the link of a message: `#<token>`, or `#token=<token>`. Throws if there is none. */
export function tokenIn(message: MailMessage): string {
  const { hash } = new URL(linkIn(message));
  const fragment = decodeURIComponent(hash.slice(1));
  const token = /(?:^|[?&])token=([^&]+)/.exec(fragment)?.[1] ?? fragment;
  if (token === '') throw new Error('The link of the mail has no token.');
  return token;
}
