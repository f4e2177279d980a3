import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Server, newFolder } from './support/server.js';

/** npm installs packages. */
jest.setTimeout(300_000);

const run = promisify(execFile);

const FOLDER = resolve('test/clients');
const DESCRIPTION = './generated/openapi.json';
const ADMIN = { email: 'root@example.com', password: 'a long password of roots' };

/** Runs a program that the folder's own packages bring; what it printed, or an error that has it. */
async function tool(name: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await run(`node_modules/.bin/${name}`, args, {
    cwd: FOLDER,
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  }).catch((error: Error & { stdout: string; stderr: string }) => {
    throw new Error(`${name}: ${error.stdout}\n${error.stderr}`);
  });
  return stdout + stderr;
}

describe('The description of the API, for programs that read it', () => {
  let server: Server;

  beforeAll(async () => {
    await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: FOLDER });
    server = await Server.start(newFolder(), { AUTH_TYPE: 'session_db_auth,token_auth,basic_auth' });
    await fetch(`${server.url}/api/v1/users`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(ADMIN),
    });
    const description = await (await fetch(`${server.url}/openapi.json`)).text();
    mkdirSync(`${FOLDER}/generated`, { recursive: true });
    writeFileSync(resolve(FOLDER, DESCRIPTION), description);
    await tool('openapi-typescript', DESCRIPTION, '--output', 'generated/openapi-typescript.ts');
    await tool('openapi-ts', '--input', DESCRIPTION, '--output', 'generated/hey-api');
  });

  afterAll(() => server?.stop());

  it('has no error and no warning for Redocly', async () => {
    expect(await tool('redocly', 'lint', DESCRIPTION)).toContain('Your API description is valid');
    expect(await tool('redocly', 'lint', DESCRIPTION, '--format', 'json')).toContain('"warnings": 0');
  });

  it('has none for Spectral', async () => {
    const output = await tool('spectral', 'lint', '--fail-severity', 'hint', DESCRIPTION);
    expect(output).toMatch(/^No results/);
  });

  it('makes clients that compile strictly and use every operation', async () => {
    await tool('tsc', '--project', 'tsconfig.json');
    for (const client of ['openapi-fetch', 'hey-api']) {
      const args = [`build/src/${client}.js`, `${server.url}/api/v1`, ADMIN.email, ADMIN.password];
      const { stdout } = await run(process.execPath, args, { cwd: FOLDER });
      expect([client, stdout]).toEqual([client, expect.stringMatching(/^\d+ operations called\n$/)]);
    }
  });
});
