import { serveExpressSession } from './express-session.js';
import { postgresStore } from './postgres-store.js';

serveExpressSession(postgresStore());
