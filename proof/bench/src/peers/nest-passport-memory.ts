import { serveNestPassport } from './nest-passport.js';

await serveNestPassport();
