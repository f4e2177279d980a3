import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { keyOf } from '../src/storage/sql/session-key.js';
import { Visitor, basic } from './support/app.js';
import { Server, newFolder, operate } from './support/server.js';

const CANARY = 'canary-7f3a9c';
const PASSWORD = `${CANARY} password`;
const PEPPER = `${CANARY}-pepper-of-more-than-32-characters`;

describe.each(['development', 'production'])('What is written down in %s', (mode) => {
  const folder = newFolder();
  let server: Server;
  let ticket = '';

  beforeAll(async () => {
    const variables = {
      NODE_ENV: mode,
      API_HOST: '127.0.0.1',
      AUTH_TYPE: 'session_db_auth,basic_auth',
      LOG_LEVEL: 'trace',
      PASSWORD_HASH_COST: '10',
      PASSWORD_PEPPER: PEPPER,
    };
    await operate(folder, ['user', 'create', '--email', 'ann@example.com', '--password-stdin'], {
      input: PASSWORD,
      variables,
    });
    server = await Server.start(folder, variables);
    const ann = new Visitor(`${server.url}/api/v1`, {});
    await ann.login('ann@example.com', PASSWORD);
    ticket = ann.cookie!.split('=')[1]!;
    await ann.get('/users/me?token=' + CANARY);
    await ann.put('/users/me/password', { current_password: `${CANARY} wrong`, new_password: PASSWORD });
    await ann.post('/auth_session/login', `{"password": "${CANARY}`);
    await ann.post('/auth_session/login', { email: CANARY, password: CANARY, [CANARY]: CANARY });
    await new Visitor(`${server.url}/api/v1`, basic('ann@example.com', PASSWORD)).get('/users/me');
    await new Visitor(`${server.url}/api/v1`, basic(CANARY, CANARY)).get('/users/me');
    await new Visitor(`${server.url}/api/v1`, { cookie: `sid=${CANARY}; other=${CANARY}` }).get('/users/me');
    await new Visitor(`${server.url}/api/v1`, {
      'user-agent': `${CANARY}\u0009x`,
      'x-request-id': `${CANARY}!`,
    }).get('/nowhere');
  });

  afterAll(() => server.stop());

  it('has one entry for each refusal, with the id of its request', () => {
    expect(server.output()).toContain('credentials_invalid');
    expect(server.output()).toContain('requestId');
  });

  it('has no password, token, cookie, header or key in the log', () => {
    const [, secret = ''] = ticket.split('.');
    expect(secret).toHaveLength(43);
    for (const word of [CANARY, secret, Buffer.from(PASSWORD).toString('base64')]) {
      expect(server.output()).not.toContain(word);
    }
  });

  it('has no password, secret or key in the database', () => {
    const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'latin1'));
    const [id = '', secret = ''] = ticket.split('.');
    expect(files.join('')).toContain(keyOf(id));
    for (const word of [PASSWORD, PEPPER, secret]) expect(files.join('')).not.toContain(word);
  });
});
