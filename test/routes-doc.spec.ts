import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { CoatcheckModule } from 'coatcheck';
import { MemoryMailer } from 'coatcheck/testing';
import { RouteTable } from '../src/http/route-table.js';

interface Row {
  readonly leftOutBy: string;
  readonly paths: readonly string[];
  readonly strategies: string;
}

const [, page = ''] = /\n## Routes\n([^]+?)\n## /.exec(readFileSync('docs/application.md', 'utf8')) ?? [];

const rows: Row[] = [];
for (const match of page.matchAll(/^\|(.*)\|(.*)\|(.*`\/.*)\|(.*)\|$/gm)) {
  const [module = '', leftOutBy = '', paths = '', strategies = ''] = match
    .slice(1)
    .map((cell) => cell.trim());
  rows.push({
    // A row without a module belongs to that of the row above.
    leftOutBy: module === '' ? rows.at(-1)!.leftOutBy : leftOutBy,
    paths: [...paths.matchAll(/`(.+?)`/g)].map(([, path = '']) => path),
    strategies,
  });
}

const pathsIn = (some: readonly Row[]) => some.flatMap(({ paths }) => paths).toSorted();

async function served(options: Parameters<typeof CoatcheckModule.forRoot>[0]): Promise<string[]> {
  const memory = { storage: { database: 'memory:' }, allowMemorySessionsInTests: true } as const;
  const mail = {
    mailer: new MemoryMailer(),
    from: 'no-reply@example.com',
    publicUrl: 'https://app.example.com',
  };
  const factors = {
    service: 'Example',
    key: 'a-key-of-factors-with-32-characters',
    passkeys: { rpId: 'example.com', origins: ['https://app.example.com'] },
  };
  const testing = await Test.createTestingModule({
    imports: [CoatcheckModule.forRoot({ ...memory, mail, factors, ...options })],
  }).compile();
  const { routes } = new RouteTable(testing.get(ModulesContainer), '');
  await testing.close();
  return [...new Set(routes.map(({ path }) => path))].toSorted();
}

describe('The routes on the page on applications', () => {
  it('are those of all modules', async () => {
    expect(await served({ type: 'session_db_auth,token_auth' })).toEqual(pathsIn(rows));
  });

  it('are fewer without token_auth', async () => {
    const expected = rows.filter(({ strategies }) => !strategies.startsWith('`token_auth`'));
    expect(await served({ type: 'session_db_auth' })).toEqual(pathsIn(expected));
  });

  it('are fewer without a sign-in, except login and logout, which say so', async () => {
    const saying = ['/auth_session/login', '/auth_session/logout'];
    const others = rows.filter(({ strategies }) => strategies === 'all');
    const expected = [...pathsIn(others), ...saying];
    expect(await served({ type: 'basic_auth' })).toEqual(expected.toSorted());
  });

  it.each([...new Set(rows.map(({ leftOutBy }) => leftOutBy))])('are left out by %s', async (option) => {
    const [, name = ''] = /^`routes: \{ (\w+): false \}`$/.exec(option) ?? [];
    const expected = rows.filter(({ leftOutBy }) => leftOutBy !== option);
    expect(await served({ type: 'session_db_auth,token_auth', routes: { [name]: false } })).toEqual(
      pathsIn(expected),
    );
  });
});
