import { describe, expect, it } from '@jest/globals';
import { RegistrationService } from '../src/users/registration.service.js';
import { UsersOptions } from '../src/users/users-options.js';
import { PASSWORD, TestApp } from './support/app.js';

const production = { NODE_ENV: 'production', MFA: 'off', PASSWORD_HASH_COST: '10' };
const account = (name: string) => ({ email: `${name}@example.com`, password: PASSWORD });

describe('Registration', () => {
  it('makes the first user the administrator and is then for administrators', async () => {
    const app = await TestApp.start();
    expect(await app.visitor().post('/users', account('root'))).toMatchObject({
      status: 201,
      body: { role: 'admin' },
    });
    expect(await app.visitor().post('/users', account('ann'))).toMatchObject({
      status: 401,
      body: { code: 'credentials_missing' },
    });
    const root = app.visitor();
    await root.login('root@example.com');
    expect(await root.post('/users', account('ann'))).toMatchObject({ status: 201, body: { role: 'user' } });
    const ann = app.visitor();
    await ann.login('ann@example.com');
    expect(await ann.post('/users', account('ben'))).toMatchObject({
      status: 403,
      body: { code: 'role_required' },
    });
    await app.stop();
  });

  it('is described to clients that are not signed in, before and after the first user', async () => {
    const app = await TestApp.start({ ...production, AUTH_TYPE: 'session_db_auth,token_auth' });
    const described = async () => {
      const { status, headers, body } = await app.visitor().get('/registration');
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
      return body;
    };
    const facts = {
      mode: 'first',
      password_min_length: 15,
      password_max_length: 256,
      mail: false,
      email_verification: 'off',
      factors: [],
      passkey_origins: [],
      strategies: ['session_db_auth', 'token_auth'],
      transports: ['cookie', 'bearer'],
    };
    expect(await described()).toEqual({
      ...facts,
      open: true,
      waiting_for_first: true,
      setup_code_required: true,
    });
    const { setupCode } = app.nest.get(UsersOptions);
    const answer = await app.visitor().post('/users', { ...account('root'), setup_code: setupCode });
    expect(answer.status).toBe(201);
    expect(await described()).toEqual({
      ...facts,
      open: false,
      waiting_for_first: false,
      setup_code_required: false,
    });
    await app.stop();
  });

  it.each([
    ['open', 'basic_auth', true, []],
    ['closed', 'session_db_auth', false, ['cookie']],
    ['signed_in', 'token_auth', false, ['bearer']],
  ])('that is %s is described so, under %s', async (mode, type, open, transports) => {
    const variables = { REGISTRATION: mode, AUTH_TYPE: type, PASSWORD_MIN_LENGTH: '20' };
    const app = await TestApp.start(variables);
    expect((await app.visitor().get('/registration')).body).toEqual({
      mode,
      open,
      waiting_for_first: false,
      setup_code_required: false,
      password_min_length: 20,
      password_max_length: 256,
      mail: false,
      email_verification: 'off',
      factors: type === 'basic_auth' ? [] : ['totp', 'passkey'],
      passkey_origins: type === 'basic_auth' ? [] : ['http://localhost:5000'],
      strategies: [type],
      transports,
    });
    await app.stop();
  });

  it('makes one of many simultaneous registrations the first user', async () => {
    const app = await TestApp.start();
    const names = Array.from({ length: 20 }, (_, index) => `racer-${index}`);
    const answers = await Promise.all(names.map((name) => app.visitor().post('/users', account(name))));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([
      201,
      ...Array.from({ length: 19 }, () => 401),
    ]);
    await app.stop();
  });

  it('asks the first user in production for the setup code', async () => {
    const app = await TestApp.start(production);
    const { setupCode } = app.nest.get(UsersOptions);
    expect(setupCode).toMatch(/^[\w-]{24}$/);
    for (const setup_code of [undefined, null, '', 'guess', `${setupCode}x`]) {
      const answer = await app.visitor().post('/users', { ...account('root'), setup_code });
      expect(answer).toMatchObject({ status: 403, body: { code: 'setup_code_required' } });
    }
    const answer = await app.visitor().post('/users', { ...account('root'), setup_code: setupCode });
    expect(answer).toMatchObject({ status: 201, body: { role: 'admin' } });
    expect(await app.nest.get(RegistrationService).isWaitingForTheFirst()).toBe(false);
    const late = await app.visitor().post('/users', { ...account('late'), setup_code: setupCode });
    expect(late.status).toBe(401);
    await app.stop();
  });

  it('is for anyone where it is open, and makes nobody an administrator', async () => {
    const app = await TestApp.start({ REGISTRATION: 'open' });
    for (const name of ['ann', 'ben']) {
      expect(await app.visitor().post('/users', account(name))).toMatchObject({
        status: 201,
        body: { role: 'user' },
      });
    }
    await app.stop();
  });

  it('is for administrators where it is closed, also while there is nobody', async () => {
    const app = await TestApp.start({ REGISTRATION: 'closed' });
    expect((await app.visitor().post('/users', account('root'))).status).toBe(401);
    await app.addUser('root@example.com', 'admin');
    const root = app.visitor();
    await root.login('root@example.com');
    expect((await root.post('/users', account('ann'))).status).toBe(201);
    await app.stop();
  });

  it('refuses an invalid credential even where anyone may register', async () => {
    const app = await TestApp.start({ REGISTRATION: 'open' });
    const answer = await app.visitor({ cookie: 'sid=forged' }).post('/users', account('ann'));
    expect(answer).toMatchObject({ status: 401, body: { code: 'credentials_invalid' } });
    await app.stop();
  });
});
