export { createExpressServer } from './http/express-server.js';
export { JsonExpressAdapter } from './http/json-express.adapter.js';
