import { Logger } from '@nestjs/common';
import { printable } from './printable.js';

/** How many unreadable entries a process logs by name. */
const MOST_NAMED = 1000;

/** The longest name of an entry in the log, in characters. */
const LONGEST_NAME = 100;

const named = new Set<string>();

/** Logs, once in each process, that an entry of a store cannot be read. Returns null: it is treated as absent. */
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
