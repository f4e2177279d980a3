import { serveNestPassport } from './nest-passport.js';
import { postgresStore } from './postgres-store.js';

await serveNestPassport(postgresStore());
