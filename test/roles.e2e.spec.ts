import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CoatcheckModule, Roles, type UsersOptionsGiven, UserStore } from 'coatcheck';
import { aUser } from 'coatcheck/testing';
import { type Answer, PASSWORD, TestApp, type Visitor, newDatabase } from './support/app.js';
import { describeWithPostgres, describeWithRedis, newPrefix, newSchema } from './support/services.js';

@Controller('texts')
class TextsController {
  @Get('drafts')
  @Roles('editor')
  drafts() {
    return [];
  }

  @Get('old')
  @Roles('columnist')
  old() {
    return [];
  }
}

interface Place {
  readonly variables: Readonly<Record<string, string>>;
  readonly drop: () => Promise<unknown>;
}

/** The roles of built-in users, wherever the users and their sessions are stored. */
function itsRoles(open: () => Promise<Place>): void {
  let app: TestApp;
  let place: Place;
  let root: Visitor;

  const signedIn = async (email: string, role: string) => {
    const { id } = await app.addUser(email, role);
    const visitor = app.visitor();
    await visitor.login(email);
    return { id, visitor };
  };
  /** A user whose role was taken from the list after it was given. */
  const withFormerRole = async (email: string) => {
    const { id, visitor } = await signedIn(email, 'user');
    await app.nest.get(UserStore).update(id, { role: 'columnist' }, app.clock.now());
    return { id, visitor };
  };

  beforeAll(async () => {
    place = await open();
    app = await TestApp.start(
      { USER_ROLES: 'user,editor,admin', ...place.variables },
      { controllers: [TextsController] },
    );
    root = app.visitor();
    expect((await root.post('/users', { email: 'root@example.com', password: PASSWORD })).body).toMatchObject(
      { role: 'admin' },
    );
    await root.login('root@example.com');
  });

  afterAll(async () => {
    await app.stop();
    await place.drop();
  });

  it('are those of the list: a new user has the first, and an administrator gives the others', async () => {
    const { body: ann } = await root.post('/users', { email: 'ann@example.com', password: PASSWORD });
    expect(ann).toMatchObject({ role: 'user' });
    const visitor = app.visitor();
    await visitor.login('ann@example.com');
    expect((await visitor.get('/texts/drafts')).status).toBe(403);
    expect((await root.send('PATCH', `/users/${ann.id}`, { role: 'editor' })).body).toMatchObject({
      role: 'editor',
    });
    expect((await visitor.get('/texts/drafts')).status).toBe(200);
    expect((await visitor.get('/users')).status).toBe(403);
    expect((await visitor.get('/users/me')).body).not.toHaveProperty('disabled');
    expect((await root.get('/users?role=editor')).body).toEqual([expect.objectContaining({ id: ann.id })]);
    const [event] = (await root.get(`/audit?type=role_changed&user=${ann.id}`)).body;
    expect(event.details).toEqual({ from: 'user', to: 'editor' });
  });

  it.each(['PATCH', 'PUT'])('are no others: %s names those that there are', async (method) => {
    const { id } = await signedIn(`ben-${method}@example.com`, 'user');
    for (const role of ['king', 'Admin', 'columnist', '', ' editor', 'constructor']) {
      const { status, body } = await root.send(method, `/users/${id}`, { role });
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'validation_failed' });
      if (role !== '')
        expect(body.errors).toEqual([{ pointer: '/role', detail: 'Must be one of: user, editor, admin.' }]);
    }
    expect((await root.get(`/users/${id}`)).body).toMatchObject({ role: 'user' });
  });

  it('are given by administrators alone', async () => {
    const { visitor } = await signedIn('eve@example.com', 'editor');
    for (const role of ['admin', 'user', 'king'])
      expect([403, 400]).toContain((await visitor.send('PATCH', '/users/me', { role })).status);
    expect((await visitor.get('/users/me')).body).toMatchObject({ role: 'editor' });
  });

  it('that left the list are shown, let in where they are named, and give no other right', async () => {
    const { id, visitor } = await withFormerRole('cat@example.com');
    expect((await visitor.get('/users/me')).body).toMatchObject({ role: 'columnist' });
    expect((await root.get(`/users/${id}`)).body).toMatchObject({ role: 'columnist', disabled: false });
    expect((await root.get('/users?role=columnist')).body).toMatchObject([{ id }]);
    expect((await root.get('/users')).body.map((user: { id: string }) => user.id)).toContain(id);
    const answers: Record<string, Answer> = {};
    for (const path of ['/texts/old', '/texts/drafts', '/users', '/audit'])
      answers[path] = await visitor.get(path);
    expect(Object.values(answers).map(({ status }) => status)).toEqual([200, 403, 403, 403]);
    expect((await root.send('PATCH', `/users/${id}`, { first_name: 'Cat' })).body).toMatchObject({
      role: 'columnist',
    });
    expect((await root.send('PATCH', `/users/${id}`, { role: 'editor' })).status).toBe(200);
  });

  it('leave one administrator, whatever role the last one is to have', async () => {
    for (const role of ['user', 'editor'])
      expect((await root.send('PATCH', '/users/me', { role })).body.code).toBe('last_admin');
    expect((await root.get('/users/me')).body).toMatchObject({ role: 'admin' });
  });
}

const none = async () => {};

describe('The roles of built-in users in memory', () => {
  itsRoles(async () => ({
    variables: { DATABASE_URL: 'memory:', AUTH_TYPE: 'session_exp_auth' },
    drop: none,
  }));
});

describe('The roles of built-in users in SQLite', () => {
  itsRoles(async () => ({ variables: { DATABASE_URL: newDatabase() }, drop: none }));
});

describeWithPostgres('The roles of built-in users', () => {
  itsRoles(async () => {
    const { url, drop } = await newSchema();
    return { variables: { DATABASE_URL: url }, drop };
  });
});

describeWithRedis('The roles of built-in users in SQLite with sessions', () => {
  itsRoles(async () => {
    const { url, drop } = newPrefix();
    return { variables: { DATABASE_URL: newDatabase(), SESSION_STORE_URL: url }, drop };
  });
});

describe('Another role of administrators', () => {
  const open = async (users: UsersOptionsGiven): Promise<INestApplication> => {
    @Module({
      imports: [
        CoatcheckModule.forRoot({
          type: 'basic_auth',
          storage: { database: 'memory:' },
          users: { registration: 'first', passwordCost: 4, ...users },
        }),
      ],
    })
    class OwnerModule {}
    return NestFactory.create(OwnerModule, { logger: false, abortOnError: false });
  };

  it('is that of the first user, who administers, and `admin` is a role as any other', async () => {
    const app = await open({ roles: ['reader', 'admin', 'owner'], adminRole: 'owner' });
    await app.listen(0, '127.0.0.1');
    const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
    const ask = async (email: string | null, method: string, path: string, body?: object) => {
      const credentials = Buffer.from(`${email}:${PASSWORD}`).toString('base64');
      const answer = await fetch(url + path, {
        method,
        headers: {
          'content-type': 'application/json',
          ...(email !== null && { authorization: `Basic ${credentials}` }),
        },
        body: body && JSON.stringify(body),
      });
      return { status: answer.status, body: JSON.parse(await answer.text()) };
    };
    const add = (by: string | null, email: string) =>
      ask(by, 'POST', '/users', { email, password: PASSWORD });
    expect((await add(null, 'root@example.com')).body).toMatchObject({ role: 'owner' });
    const { body: ann } = await add('root@example.com', 'ann@example.com');
    expect(ann).toMatchObject({ role: 'reader', disabled: false });
    await ask('root@example.com', 'PATCH', `/users/${ann.id}`, { role: 'admin' });
    expect((await ask('ann@example.com', 'GET', '/users')).status).toBe(403);
    expect((await ask('ann@example.com', 'GET', '/audit')).status).toBe(403);
    expect((await add('ann@example.com', 'eve@example.com')).status).toBe(403);
    expect((await ask('ann@example.com', 'GET', '/users/me')).body).not.toHaveProperty('disabled');
    for (const path of ['/users', '/audit', `/users/${ann.id}`])
      expect((await ask('root@example.com', 'GET', path)).status).toBe(200);
    for (const change of [{ role: 'admin' }, { disabled: true }])
      expect((await ask('root@example.com', 'PATCH', '/users/me', change)).body.code).toBe('last_admin');
    expect((await ask('root@example.com', 'DELETE', '/users/me')).body.code).toBe('last_admin');
    await ask('root@example.com', 'PATCH', `/users/${ann.id}`, { role: 'owner' });
    expect((await ask('root@example.com', 'PATCH', '/users/me', { role: 'admin' })).status).toBe(200);
    await app.get(UserStore).insert(aUser({ role: 'columnist' }), 'hash');
    expect((await ask('ann@example.com', 'GET', '/users?role=columnist')).body).toHaveLength(1);
    await app.close();
  });

  it.each<[UsersOptionsGiven, string]>([
    [{ roles: ['user', 'editor'] }, 'users.roles: roles must contain the adminRole'],
    [{ adminRole: 'owner' }, 'users.adminRole: roles must contain the adminRole'],
    [{ roles: ['user', 'admin'], adminRole: 'owner' }, 'users.adminRole: roles must contain the adminRole'],
    [{ adminRole: 'user' }, 'users.adminRole: the first of roles is given to new users'],
    [{ roles: ['admin', 'user'] }, 'users.roles: the first of roles is given to new users'],
  ])('stops the start together with the other faults: %j', async (users, fault) => {
    const start = open({ ...users, passwordMinLength: 0 });
    await expect(start).rejects.toThrow(fault);
    await expect(start).rejects.toThrow('users.passwordMinLength: ');
  });
});
