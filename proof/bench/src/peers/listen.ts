import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import type { Express } from 'express';
import { HOST, PORT, announce } from './environment.js';

/** Has an Express application serve. */
export function listenExpress(app: Express): void {
  const server = app.listen(PORT, HOST, (error) => {
    if (error) throw error;
    announce(server.address() as AddressInfo);
  });
}

/** Has a Nest application serve. */
export async function listenNest(app: INestApplication<Server>): Promise<void> {
  await app.listen(PORT, HOST);
  announce(app.getHttpServer().address() as AddressInfo);
}
