import { RedisStore } from 'connect-redis';
import { createClient } from 'redis';
import { redisPlace } from './environment.js';

/** connect-redis on a client of node-redis that is connected. */
export async function redisStore(): Promise<RedisStore> {
  const { url, prefix } = redisPlace();
  const client = createClient({ url });
  await client.connect();
  return new RedisStore({ client, prefix });
}
