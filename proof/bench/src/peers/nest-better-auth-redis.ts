import { createClient } from 'redis';
import { redisPlace } from './environment.js';
import { serveNestBetterAuth } from './nest-better-auth.js';

const { url, prefix } = redisPlace();
const client = createClient({ url });
await client.connect();
await serveNestBetterAuth({
  secondaryStorage: {
    get: (key) => client.get(prefix + key),
    set: async (key, value, seconds) => {
      await client.set(prefix + key, value, seconds ? { expiration: { type: 'EX', value: seconds } } : {});
    },
    delete: async (key) => {
      await client.del(prefix + key);
    },
    getAndDelete: (key) => client.getDel(prefix + key),
    increment: async (key, seconds) => {
      const counter = prefix + key;
      const start = { condition: 'NX', expiration: { type: 'EX', value: seconds } } as const;
      const [, count] = await client.multi().set(counter, '0', start).incr(counter).exec();
      return Number(count);
    },
  },
});
