import { INVISIBLE } from '../common/visible.js';

const GAPS = new RegExp(`(?:${INVISIBLE}|\\s)+`, 'gu');

/** Words of addresses, links, paths and tokens. */
const TELLING = /[@/\\<>=#]|\S{25}/;

const MOST_CHARACTERS = 160;

/**
 * Why an attempt to send a mail failed, in one short line for logs and the outbox. It contains no address, link or token, and none
 * of `secrets`, also if the error does.
 */
export function reasonOf(error: unknown, to: string, secrets: readonly string[] = []): string {
  const { message, code }: { readonly message?: unknown; readonly code?: unknown } = Object(error);
  // An error of several addresses of a host has a code alone.
  const text = [message, code, 'unknown error'].find(
    (one) => typeof one === 'string' && one !== '',
  ) as string;
  const person = to.slice(0, to.lastIndexOf('@')).toLowerCase();
  const names = (word: string) =>
    person.length > 2
      ? word.toLowerCase().includes(person)
      : person !== '' && word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '') === person;
  const line = secrets
    .reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
    .replace(GAPS, ' ')
    .trim()
    .split(' ')
    .map((word) => (TELLING.test(word) || names(word) ? '…' : word))
    .join(' ');
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS - 1).trimEnd()}…` : line;
}
