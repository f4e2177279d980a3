import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { announce } from '../peers/environment.js';
import { PASSWORD } from '../peers/people.js';
import { clientOf } from './clients.js';
import { type Filled, addPeople, addSessions } from './filling.js';
import { timeInserts } from './inserts.js';
import { product } from './product.js';

/** The product as others import it, full of live sessions when it listens; on a line of input it times more sign-ins. */
const { AppModule, PasswordHasher, SessionLifetime, SessionStore, SessionsService, UserStore } = product;
const config = product.loadConfig(process.env);
const app = await product.createApp(AppModule.forRoot(config), config.http, {
  logger: ['error', 'warn'],
  abortOnError: false,
});
const lifetime = new SessionLifetime(config.auth.lifetime);
const count = Number(process.env['BENCH_SESSIONS']);
const owner = { ip: null, connection: null, account: 'bench' };
const passwordHash = await app.get(PasswordHasher).hash(PASSWORD, owner);
const people = await addPeople(app.get(UserStore), passwordHash, count);

const heapBefore = heapUsed();
const begin = performance.now();
const credentials = resolve('credentials.txt');
await keepCookies(await addSessions(app.get(SessionStore), lifetime, people, count));
const seconds = (performance.now() - begin) / 1000;
const filled: Filled = { credentials, seconds, heapBytes: heapUsed() - heapBefore };
console.log(`filled ${JSON.stringify(filled)}`);

await app.listen(config.port, config.host);
announce(app.getHttpServer().address() as AddressInfo);

const sessions = app.get(SessionsService);
createInterface({ input: process.stdin }).on('line', async () => {
  const times = await timeInserts((index) =>
    sessions.open({ id: people[index % people.length]!, credentialVersion: 1 }, clientOf(index), lifetime),
  );
  console.log(`inserted ${JSON.stringify(times)}`);
});

async function keepCookies(values: readonly string[]): Promise<void> {
  const headers = values.map((value) => `Cookie: ${config.auth.cookie.name}=${value}\n`);
  await writeFile(credentials, headers.join(''));
}

function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
