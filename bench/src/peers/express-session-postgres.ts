import connectPgSimple from 'connect-pg-simple';
import session from 'express-session';
import { Pool } from 'pg';
import { postgresUrl } from './environment.js';
import { serveExpressSession } from './express-session.js';

const PgStore = connectPgSimple(session);
const pool = new Pool({ connectionString: postgresUrl() });
serveExpressSession(new PgStore({ pool, createTableIfMissing: true }));
