export { JsonFastifyAdapter } from './http/json-fastify.adapter.js';
