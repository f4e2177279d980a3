import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { freePort } from './support/engines.js';
import { installFromMatrix, packedLibrary } from './support/host.js';
import { until } from './support/processes.js';

const ANN = { email: 'ann@example.com', password: 'several unrelated words 9' };

const COMPILER_OPTIONS = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

describe('The packed library with the application of its README, on Nest 11', () => {
  let folder: string;
  let child: ChildProcess;
  let url: string;

  beforeAll(async () => {
    const packages = ['better-sqlite3', 'kysely'];
    folder = await installFromMatrix('nest-11', await packedLibrary(), ['--omit=dev', ...packages]);
    // Its native code, which npm would compile for minutes.
    cpSync('node_modules/better-sqlite3', join(folder, 'node_modules/better-sqlite3'), { recursive: true });
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const [, source = ''] =
      /```ts\n(import 'reflect-metadata';[^]+?)```/.exec(readFileSync('README.md', 'utf8')) ?? [];
    const moved = source.replace('app.listen(3000,', `app.listen(${port},`);
    writeFileSync(join(folder, 'main.js'), ts.transpile(moved, COMPILER_OPTIONS));
    child = spawn(process.execPath, ['main.js'], { cwd: folder, stdio: 'ignore' });
    await until(() =>
      fetch(url).then(
        () => true,
        () => child.exitCode !== null,
      ),
    );
  }, 280_000);

  afterAll(async () => {
    const ended = once(child, 'exit');
    if (child.kill()) await ended;
  });

  const post = (path: string) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(ANN),
    });

  it('brings the pages that the README names', () => {
    const library = join(folder, 'node_modules/coatcheck');
    const links = readFileSync(join(library, 'README.md'), 'utf8').matchAll(/\]\(([\w/-]+\.md)\)/g);
    const pages = [...links].map(([, page = '']) => page);
    expect(pages.length).toBeGreaterThan(20);
    expect(pages.filter((page) => !existsSync(join(library, page)))).toEqual([]);
  });

  it('makes the first user an administrator, who signs in and out', async () => {
    const created = await post('/users');
    expect({ status: created.status, body: await created.json() }).toMatchObject({
      status: 201,
      body: { role: 'admin' },
    });
    const headers = {
      Cookie: (await post('/auth_session/login')).headers.getSetCookie()[0]!.split(';', 1)[0]!,
    };
    expect(await (await fetch(`${url}/reports`, { headers })).json()).toEqual({ owner: ANN.email });
    expect((await fetch(`${url}/reports/all`, { headers })).status).toBe(200);
    expect((await fetch(`${url}/auth_session/logout`, { method: 'DELETE', headers })).status).toBe(200);
    expect((await fetch(`${url}/reports`, { headers })).status).toBe(401);
  });

  it('serves everyone what is public alone', async () => {
    expect((await fetch(`${url}/reports/open`)).status).toBe(200);
    expect((await fetch(`${url}/reports`)).status).toBe(401);
  });
});
