import { serveExpressSession } from './express-session.js';
import { redisStore } from './redis-store.js';

serveExpressSession(await redisStore());
