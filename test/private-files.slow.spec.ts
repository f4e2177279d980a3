import { chmodSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { PASSWORD } from './support/app.js';
import { Server, newFolder, operate } from './support/server.js';

/** The rights of each file in a folder, as `chmod` takes them. */
function modesIn(folder: string): Record<string, string> {
  const modeOf = (name: string) => (statSync(join(folder, name)).mode & 0o7777).toString(8);
  return Object.fromEntries(readdirSync(folder).map((name) => [name, modeOf(name)]));
}

const OF_A_SERVER = {
  'coatcheck.db': '600',
  'coatcheck.db-reserve': '600',
  'coatcheck.db-shm': '600',
  'coatcheck.db-wal': '600',
};

describe('The files of a SQLite database are their owner’s alone', () => {
  const umask = process.umask();

  afterEach(() => {
    process.umask(umask);
  });

  /** Runs with a umask, which the processes that are started have too. */
  async function withUmask<T>(mask: number, work: () => Promise<T>): Promise<T> {
    process.umask(mask);
    try {
      return await work();
    } finally {
      process.umask(umask);
    }
  }

  async function signUp({ url }: Server): Promise<void> {
    const { status } = await fetch(`${url}/api/v1/users`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'ann@example.com', password: PASSWORD }),
    });
    expect(status).toBe(201);
  }

  it.each([
    ['a server', 0o000, {}],
    ['workers', 0o000, { WORKERS: '2' }],
    ['a server whose umask leaves nothing', 0o277, {}],
  ])('where %s makes them', async (_, mask, variables) => {
    const folder = newFolder();
    const server = await withUmask(mask, () => Server.start(folder, variables));
    try {
      await signUp(server);
      expect(modesIn(folder)).toEqual(OF_A_SERVER);
    } finally {
      await server.stop();
    }
  });

  it('where an operator makes them', async () => {
    const folder = newFolder();
    await withUmask(0, async () => {
      await operate(folder, ['migrate']);
      const create = ['user', 'create', '--email', 'ann@example.com', '--password-stdin'];
      expect((await operate(folder, create, { input: PASSWORD })).code).toBe(0);
    });
    const modes = modesIn(folder);
    expect(Object.keys(modes)).toContain('coatcheck.db');
    expect(new Set(Object.values(modes))).toEqual(new Set(['600']));
  });

  it('where they were everyone’s', async () => {
    const folder = newFolder();
    const first = await Server.start(folder);
    await signUp(first);
    await first.stop('SIGKILL');
    const names = Object.keys(OF_A_SERVER);
    for (const [index, name] of names.entries())
      chmodSync(join(folder, name), [0o777, 0o700, 0o640][index % 3]!);
    const again = await Server.start(folder);
    try {
      expect(modesIn(folder)).toEqual(OF_A_SERVER);
    } finally {
      await again.stop();
    }
  });

  it('where the database is a link, also to nothing yet', async () => {
    const [folder, target] = [newFolder(), newFolder()];
    symlinkSync(join(target, 'real.db'), join(folder, 'coatcheck.db'));
    const server = await withUmask(0, () => Server.start(folder));
    await signUp(server);
    const modes = modesIn(target);
    expect(Object.keys(modes)).toContain('real.db');
    expect(new Set(Object.values(modes))).toEqual(new Set(['600']));
    await server.stop('SIGKILL');
    writeFileSync(join(target, 'real.db-journal'), '', { mode: 0o666 });
    for (const name of readdirSync(target)) chmodSync(join(target, name), 0o666);
    const again = await Server.start(folder);
    try {
      expect(new Set(Object.values(modesIn(target)))).toEqual(new Set(['600']));
    } finally {
      await again.stop();
    }
  });

  it('and stay read-only where they are', async () => {
    const folder = newFolder();
    await (await Server.start(folder)).stop();
    chmodSync(join(folder, 'coatcheck.db'), 0o444);
    await operate(folder, ['user', 'list']);
    expect(modesIn(folder)['coatcheck.db']).toBe('400');
  });
});
