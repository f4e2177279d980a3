import { serveNestBetterAuth } from './nest-better-auth.js';

await serveNestBetterAuth();
