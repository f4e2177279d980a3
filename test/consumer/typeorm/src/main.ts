import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { type RedisClientType, createClient } from '@redis/client';
import { CoatcheckModule, Readiness, UsersService } from 'coatcheck';
import { postgres } from 'coatcheck/postgres';
import { redis } from 'coatcheck/redis';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';

const { DATABASE_URL, REDIS_URL, PREFIX = '' } = process.env;
const PERSON = { email: 'ann@example.com', password: 'several unrelated words 9' };
const REDIS = Symbol('the client of Redis');

@Entity()
class Coat {
  @PrimaryGeneratedColumn() id!: number;
  @Column() colour!: string;
}

@Module({
  providers: [{ provide: REDIS, useFactory: () => createClient({ url: REDIS_URL! }).connect() }],
  exports: [REDIS],
})
class RedisModule {}

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: DATABASE_URL!,
      entities: [Coat],
      synchronize: true,
      extra: { statement_timeout: 5_000 },
    }),
    CoatcheckModule.forRootAsync({
      imports: [RedisModule],
      inject: [DataSource, REDIS],
      useFactory: (dataSource: DataSource, client: RedisClientType) => ({
        storage: {
          database: postgres((dataSource.driver as PostgresDriver).master, { tablePrefix: 'login_' }),
          sessions: redis(client, { keyPrefix: PREFIX }),
          timeout: 5_000,
        },
      }),
    }),
  ],
})
class AppModule {}

/** Signs in over the connections of the application, and uses them beside Coatcheck. */
const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
await app.listen(0, '127.0.0.1');
await app.get(Readiness).check();
await app.get(UsersService).create({ ...PERSON, firstName: null, lastName: null }, 'user');
const url = await app.getUrl();
const login = await fetch(`${url}/auth_session/login`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(PERSON),
});
const cookie = (login.headers.get('set-cookie') ?? '').split(';', 1)[0]!;
const known = await fetch(`${url}/users/me`, { headers: { cookie } });
const dataSource = app.get(DataSource);
await dataSource.getRepository(Coat).save({ colour: 'red' });
const coats = await dataSource.getRepository(Coat).find();
await dataSource.synchronize();
const tables: { name: string }[] = await dataSource.query(
  'select tablename as name from pg_tables where schemaname = current_schema() order by 1',
);
const client = app.get<RedisClientType>(REDIS);
await app.close();
const isClientOpen = client.isReady;
client.destroy();
process.stdout.write(
  JSON.stringify({
    statuses: [login.status, known.status],
    coats,
    tables: tables.map(({ name }) => name),
    isPoolOpen: dataSource.isInitialized,
    isClientOpen,
  }),
);
