import { serveExpressSession } from './express-session.js';

serveExpressSession();
