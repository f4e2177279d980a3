import { join } from 'node:path';

/** What the comparison tells a peer by its environment. */
export const PORT = Number(process.env['PORT'] ?? 0);

/** The address that all servers listen on. */
export const HOST = '127.0.0.1';

/** How long sessions of peers live, in seconds; as long as the default of the product. */
export const LIFETIME = 12 * 60 * 60;

/** What peers sign cookies with. */
export const SECRET = 'a secret of at least thirty-two characters';

/** A file that only this server has. */
export function ownFile(name: string): string {
  return join(given('BENCH_FOLDER'), name);
}

/** A schema of PostgreSQL that only this server has. */
export function postgresUrl(): string {
  return given('BENCH_POSTGRES_URL');
}

/** A Redis, of which only the keys under the prefix are this server's. */
export function redisPlace(): { readonly url: string; readonly prefix: string } {
  return { url: given('BENCH_REDIS_URL'), prefix: `${given('BENCH_REDIS_PREFIX')}:` };
}

/** Tells the comparison that the server listens. */
export function announce(address: { readonly port: number }): void {
  console.log(`The server is ready at http://${HOST}:${address.port}`);
}

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set.`);
  return value;
}
