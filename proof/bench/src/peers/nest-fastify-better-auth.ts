import { LIFETIME } from './environment.js';
import { serveFastifyBetterAuth } from './nest-better-auth.js';

/** The load keeps no cookies that it is sent, so the cache lives for the whole comparison instead of five minutes. */
await serveFastifyBetterAuth({ session: { cookieCache: { enabled: true, maxAge: LIFETIME } } });
