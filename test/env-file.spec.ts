import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Server, newFolder, operate, refusal } from './support/server.js';

const SETUP_CODE = 'a setup code of the file';

/** A new folder with a file `.env`. */
function folderWith(text: string | Buffer): string {
  const folder = newFolder();
  writeFileSync(join(folder, '.env'), text);
  return folder;
}

describe('The file .env in the working folder', () => {
  const servers: Server[] = [];

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  async function start(folder: string, variables = {}): Promise<Server> {
    const server = await Server.start(folder, variables);
    servers.push(server);
    return server;
  }

  it('sets variables of the server', async () => {
    const { output } = await start(folderWith('# a comment\nAUTH_TYPE="basic_auth"\n'));
    expect(output()).toContain('(basic_auth, ');
  });

  it('sets variables of the commands', async () => {
    const folder = folderWith('\uFEFFSESSION_DURATION=1h\n');
    const { stdout } = await operate(folder, ['config', '--json']);
    expect(JSON.parse(stdout)).toContainEqual({
      name: 'SESSION_DURATION',
      value: '1h',
      source: 'environment',
    });
  });

  it('changes no variable that is set already', async () => {
    const { output } = await start(folderWith('AUTH_TYPE=basic_auth'), { AUTH_TYPE: 'session_auth' });
    expect(output()).toContain('(session_auth, ');
  });

  it('is read once for all workers', async () => {
    const folder = folderWith('WORKERS=2\nSETUP_CODE_FILE=code\n');
    writeFileSync(join(folder, 'code'), SETUP_CODE);
    const { output } = await start(folder);
    expect(output()).toContain('2 workers');
  });

  it('with a misspelt name stops the start', async () => {
    const { code, output } = await refusal(folderWith('AUTH_TYP=basic_auth'), {});
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('AUTH_TYPE') });
  });

  it.each([
    ['is a folder', (folder: string) => mkdirSync(join(folder, '.env')), '.env: cannot be read'],
    [
      'is in UTF-16',
      (folder: string) => writeFileSync(join(folder, '.env'), '\uFEFFA=1', 'utf16le'),
      '.env: is not UTF-8; write the file in this encoding',
    ],
  ])('that %s stops the server and the commands', async (_, make, sentence) => {
    const folder = newFolder();
    make(folder);
    expect(await refusal(folder, {})).toMatchObject({ code: 1, output: expect.stringContaining(sentence) });
    const { code, stderr } = await operate(folder, ['config']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(sentence) });
    expect((await operate(folder, ['--help'])).code).toBe(0);
  });
});
