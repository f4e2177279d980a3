import { hasCommand } from '../machine.js';
import { autocannon } from './autocannon.js';
import type { Generator } from './generator.js';
import { wrk } from './wrk.js';

/** wrk and autocannon, by name. */
export const GENERATORS: Readonly<Record<Generator['name'], Generator>> = { wrk, autocannon };

/** The lightest that is there. */
export const DEFAULT_GENERATOR: Generator['name'] = hasCommand('wrk') ? 'wrk' : 'autocannon';
