import { describe } from '@jest/globals';
import { newDatabase } from './app.js';
import { describeWithPostgres, describeWithRedis, newPrefix, newSchema } from './services.js';

/** Where things are kept: the variables that say so, and what takes them away. */
interface Opened {
  readonly variables: Readonly<Record<string, string>>;
  drop(): Promise<void>;
}

interface Storage {
  readonly describe: (title: string, clauses: () => void) => void;
  open(): Promise<Opened>;
}

const nothing = () => Promise.resolve();

/** Enough on a slow and busy machine, for suites that are not about time. */
const PATIENT = { STORE_TIMEOUT: '10s' };

/** A new place of each kind, where that kind is reached. */
export const STORAGES: Readonly<Record<'memory' | 'SQLite' | 'PostgreSQL' | 'Redis', Storage>> = {
  memory: { describe, open: async () => ({ variables: { DATABASE_URL: 'memory:' }, drop: nothing }) },
  SQLite: {
    describe,
    open: async () => ({ variables: { ...PATIENT, DATABASE_URL: newDatabase() }, drop: nothing }),
  },
  PostgreSQL: {
    describe: describeWithPostgres,
    open: async () => {
      const { url, drop } = await newSchema();
      return { variables: { ...PATIENT, DATABASE_URL: url, SESSION_STORE_URL: url }, drop };
    },
  },
  Redis: {
    describe: describeWithRedis,
    open: async () => {
      const { url, drop } = newPrefix();
      return { variables: { ...PATIENT, DATABASE_URL: newDatabase(), SESSION_STORE_URL: url }, drop };
    },
  },
};
