import { serveNestPassport } from './nest-passport.js';
import { redisStore } from './redis-store.js';

await serveNestPassport(await redisStore());
