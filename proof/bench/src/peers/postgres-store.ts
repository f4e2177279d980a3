import connectPgSimple from 'connect-pg-simple';
import session, { type Store } from 'express-session';
import { Pool } from 'pg';
import { postgresUrl } from './environment.js';

/** connect-pg-simple on a pool of connections. */
export function postgresStore(): Store {
  const PgStore = connectPgSimple(session);
  const pool = new Pool({ connectionString: postgresUrl() });
  return new PgStore({ pool, createTableIfMissing: true });
}
