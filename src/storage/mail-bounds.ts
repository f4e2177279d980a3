import type { MailFacts } from '../mail/outbox-mail.js';

/** The longest text of a fact and of an error, in UTF-16 code units. */
const LONGEST_FACT = 1000;
const LONGEST_ERROR = 500;

/** The facts as they are stored: each text is cut at its longest length. */
export function boundedFacts(facts: MailFacts): MailFacts {
  return Object.fromEntries(
    Object.entries(facts).map(([name, fact]: [string, unknown]) => [
      name,
      typeof fact === 'string' ? cut(fact, LONGEST_FACT) : fact,
    ]),
  );
}

/** The error as it is stored. */
export function boundedError(error: string): string {
  return cut(error, LONGEST_ERROR);
}

/** The beginning of a text, without half of a character at its end. */
function cut(text: string, length: number): string {
  return text.length > length ? text.slice(0, length).replace(/[\ud800-\udbff]$/, '') : text;
}
