import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it, jest } from '@jest/globals';
import { installConsumer } from './support/host.js';
import { describeWithPostgres, describeWithRedis, newPrefix, newSchema } from './support/services.js';

/** npm installs packages. */
jest.setTimeout(300_000);

const run = promisify(execFile);

describeWithPostgres('An application that hands in the pool of TypeORM', () => {
  describeWithRedis('and its client of Redis', () => {
    it('compiles, signs in, and lets TypeORM close its pool', async () => {
      const folder = await installConsumer('typeorm');
      await run('node_modules/.bin/tsc', ['-p', '.'], { cwd: folder });
      const schema = await newSchema();
      const place = newPrefix();
      const { PATH } = process.env;
      const env = {
        PATH,
        DATABASE_URL: schema.url,
        REDIS_URL: place.url.split('?', 1)[0],
        PREFIX: place.prefix,
      };
      const { stdout } = await run(process.execPath, ['build/main.js'], { cwd: folder, env });
      expect(JSON.parse(stdout)).toEqual({
        statuses: [200, 200],
        coats: [{ id: 1, colour: 'red' }],
        tables: [
          'coat',
          'login_audit_events',
          'login_credentials',
          'login_factors',
          'login_migrations',
          'login_outbox',
          'login_sessions',
          'login_sweep_lease',
          'login_tallies',
          'login_users',
        ],
        isPoolOpen: false,
        isClientOpen: true,
      });
      expect(await place.dump()).toContain(place.prefix);
      await place.drop();
      await schema.drop();
    });
  });
});
