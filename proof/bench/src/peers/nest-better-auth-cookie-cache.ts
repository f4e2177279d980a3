import { LIFETIME } from './environment.js';
import { serveNestBetterAuth } from './nest-better-auth.js';

/** The load keeps no cookies that it is sent, so the cache lives for the whole comparison instead of five minutes. */
await serveNestBetterAuth({ session: { cookieCache: { enabled: true, maxAge: LIFETIME } } });
