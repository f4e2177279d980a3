import { Global, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { createClient } from '@redis/client';
import { CoatcheckModule, SessionStore, SessionsService, UserStore, UsersService } from 'coatcheck';
import { postgres } from 'coatcheck/postgres';
import { RedisSessionStore, redis } from 'coatcheck/redis';
import { Pool } from 'pg';
import { describeWithPostgres, describeWithRedis, newPrefix, newSchema } from '../support/services.js';

/** The pool of an application, which closes it itself after everything else. */
@Injectable()
class AppPool implements OnApplicationShutdown {
  static url = '';
  readonly pool = new Pool({ connectionString: AppPool.url, max: 2 });
  wasOpenAtShutdown = false;

  onApplicationShutdown(): void {
    this.wasOpenAtShutdown = !this.pool.ended;
  }
}

@Module({ providers: [AppPool], exports: [AppPool] })
class DatabaseModule {}

@Module({
  imports: [
    DatabaseModule,
    CoatcheckModule.forRootAsync({
      imports: [DatabaseModule],
      inject: [AppPool],
      useFactory: ({ pool }: AppPool) => ({
        storage: { database: postgres(pool, { tablePrefix: 'login_' }), timeout: 5_000 },
        users: { passwordCost: 4 },
      }),
    }),
  ],
})
class App {}

describeWithPostgres('An application that hands in its pool by forRootAsync', () => {
  it('signs in over it, and closes it itself after app.close()', async () => {
    const schema = await newSchema();
    AppPool.url = schema.url;
    const app = await NestFactory.create(App, { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    const { pool } = app.get(AppPool);
    await app.get(UsersService).create(
      {
        email: 'ann@example.com',
        password: 'correct horse battery staple',
        firstName: null,
        lastName: null,
      },
      'user',
    );
    const url = await app.getUrl();
    const login = await fetch(`${url}/auth_session/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'ann@example.com', password: 'correct horse battery staple' }),
    });
    expect(login.status).toBe(200);
    const cookie = login.headers.get('set-cookie')!.split(';', 1)[0]!;
    const me = () => fetch(`${url}/users/me`, { headers: { cookie } });
    expect((await me()).status).toBe(200);
    const held = await Promise.all([pool.connect(), pool.connect()]);
    expect((await fetch(`${url}/users/me`)).status).toBe(401);
    expect((await me()).status).toBe(503);
    held.forEach((client) => client.release());
    expect((await me()).status).toBe(200);
    const tables = await pool.query(`select tablename from pg_tables where schemaname = current_schema()`);
    expect(tables.rows.every(({ tablename }) => String(tablename).startsWith('login_'))).toBe(true);
    await app.close();
    expect({ wasOpen: app.get(AppPool).wasOpenAtShutdown, ended: pool.ended }).toEqual({
      wasOpen: true,
      ended: false,
    });
    await pool.end();
    await schema.drop();
  });
});

describeWithRedis('An application that provides one store itself', () => {
  it('keeps sessions in its Redis, and users where StorageModule keeps them', async () => {
    const place = newPrefix();
    const client = createClient({ url: place.url.split('?')[0]! });
    await client.connect();

    @Global()
    @Module({
      providers: [
        {
          provide: SessionStore,
          useFactory: async () => (await redis(client, { keyPrefix: place.prefix }).open(5_000)).sessions,
        },
      ],
      exports: [SessionStore],
    })
    class SessionStoreModule {}

    @Module({
      imports: [
        SessionStoreModule,
        CoatcheckModule.forRoot({
          storage: { database: 'memory:', without: ['sessions'] },
          users: { passwordCost: 4 },
        }),
      ],
    })
    class MixedApp {}

    const app = await NestFactory.create(MixedApp, { logger: false, abortOnError: false });
    await app.init();
    expect(app.get(SessionStore)).toBeInstanceOf(RedisSessionStore);
    expect(app.get(SessionsService).durable).toBe(true);
    expect(await app.get(UserStore).count()).toBe(0);
    await app.close();
    expect(client.isReady).toBe(true);
    client.destroy();
    await place.drop();
  });
});
