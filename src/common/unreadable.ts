import { Logger } from '@nestjs/common';
import { printable } from './printable.js';

/** How many unreadable entries a process names in its log. */
const MOST_NAMED = 1000;

/** How much of what an entry is called is in the log. */
const LONGEST_NAME = 100;

const named = new Set<string>();

/** Notes in the log, once in a process, that an entry of a store cannot be read; the answer is that there is none. */
export function unreadable(what: string, name: unknown): null {
  const entry = `${what} ${printable(String(name).slice(0, LONGEST_NAME))}`;
  if (named.has(entry) || named.size > MOST_NAMED) return null;
  named.add(entry);
  const which =
    named.size > MOST_NAMED
      ? 'A further entry cannot be read, and later ones are not logged'
      : `An entry cannot be read: ${entry}`;
  new Logger('Storage').warn(`${which}. It is treated as absent.`);
  return null;
}
