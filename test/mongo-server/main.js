import { CongoServer } from '@push.rocks/smartmongo/dist_ts/congodb/server/CongoServer.js';

/** Keeps everything in memory. Does not enforce unique indexes. */
const server = new CongoServer({ port: 0, host: '127.0.0.1' });
await server.start();
console.log(`ready at mongodb://127.0.0.1:${server.server.address().port}`);
