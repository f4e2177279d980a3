import 'reflect-metadata';
import type { Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { Controller, Get, type INestApplication, Module, type NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { CoatcheckModule, Public } from 'coatcheck';
import { GATEWAYS, LIBRARY, connections } from './gateways.js';

const { STORAGE = '{}', RECHECK = '1000', LIFETIME = '{}', HOST = 'express', PROXY = '' } = process.env;

/** The connections of WebSockets that are open. */
const sockets = new Set<Duplex>();

@Controller()
class CountsController {
  @Get('counts')
  @Public()
  counts() {
    return connections;
  }

  @Get('alive')
  @Public()
  alive() {
    return { cpu: process.cpuUsage(), memory: process.memoryUsage().rss, sockets: sockets.size };
  }
}

@Module({
  imports: [
    CoatcheckModule.forRoot({
      type: ['session_db_auth', 'token_auth', 'basic_auth'],
      storage: JSON.parse(STORAGE),
      users: { registration: 'first', passwordCost: 4 },
      cookie: { name: 'sid', secure: false },
      lifetime: JSON.parse(LIFETIME),
      sockets: { recheck: Number(RECHECK) },
      allowMemorySessionsInTests: true,
    }),
  ],
  controllers: [CountsController],
  providers: GATEWAYS,
})
class AppModule {}

async function create(): Promise<INestApplication> {
  const options: NestApplicationOptions = { logger: ['error', 'warn'] };
  if (HOST === 'fastify')
    return NestFactory.create(AppModule, new FastifyAdapter({ trustProxy: PROXY || false }), options);
  const app = await NestFactory.create<NestExpressApplication>(AppModule, options);
  app.set('trust proxy', PROXY || false);
  return app;
}

async function main() {
  const app = await create();
  (app.getHttpServer() as HttpServer).on('upgrade', (_request, socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  app.useWebSocketAdapter(LIBRARY === 'io' ? new IoAdapter(app) : new WsAdapter(app));
  await app.listen(Number(process.env.PORT ?? 0), '127.0.0.1');
  console.log(`ready at ${await app.getUrl()}`);
}

void main();
