import { type Rule, text } from '../common/options.js';

/** What happens if tables are missing or of an earlier version: `migrate` creates them, `require` throws. */
export type TablePolicy = 'migrate' | 'require';

/** How our tables are named, and what happens if they are missing. */
export interface TableOptions {
  readonly tables: TablePolicy;
  /** The beginning of the names of all tables and indexes. */
  readonly tablePrefix: string;
  /** The schema of the tables on PostgreSQL. Null is the first one of the search path. */
  readonly schema: string | null;
}

export const USUAL_TABLES: TableOptions = { tables: 'migrate', tablePrefix: 'coatcheck_', schema: null };

/** With the longest name of an index behind it, 40 characters are within the 63 bytes of PostgreSQL. */
export const TABLE_PREFIX: Rule = text(
  (prefix) => /^[a-z_]\w{0,39}$/i.test(prefix) && !/^(sqlite|pg)_/i.test(prefix),
  'must be 1 to 40 letters, digits and underscores, begin with no digit, and not with sqlite_ or pg_',
);

export const SCHEMA: Rule = (schema) =>
  schema === null || (typeof schema === 'string' && /^(?!pg_)[a-z_]\w{0,62}$/i.test(schema))
    ? null
    : 'must be 1 to 63 letters, digits and underscores, begin with no digit, and not with pg_';
