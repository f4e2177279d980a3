import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  type INestApplication,
  Injectable,
  Module,
  Post,
  UnauthorizedException,
  NotFoundException,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import bcrypt from 'bcrypt';
import {
  type Account,
  ANONYMOUS,
  Auth,
  type AuthRequest,
  type AuthResult,
  CoatcheckModule,
  type CoatcheckOptionsGiven,
  CredentialStore,
  CredentialVerifier,
  CurrentUser,
  type PasswordAttempt,
  PasswordResetService,
  Roles,
  SignInService,
  UserDirectory,
} from 'coatcheck';
import { loginAs } from 'coatcheck/testing';
import { ADAPTERS, type Adapter } from '../support/adapters.js';
import { newDatabase } from '../support/app.js';
import { describeWithPostgres, describeWithRedis, newPrefix, newSchema } from '../support/services.js';

/** A user of the application, with a number as its id. */
interface Person {
  readonly id: number;
  name: string;
  email: string;
  roles: string[];
  isActive: boolean;
  bcrypt: string | null;
}

const PASSWORD = 'correct horse battery staple';

/** The users of the application. */
@Injectable()
class People {
  readonly all = new Map<number, Person>();
  failure: Error | null = null;
  /** The user whom the verifier returns for everybody. */
  swapped: Person | null = null;
  #next = 1;

  add(name: string, more: Partial<Person> = {}): Person {
    const id = this.#next;
    this.#next += 1;
    const person = {
      id,
      name,
      email: `${name}@example.com`,
      roles: ['staff'],
      isActive: true,
      bcrypt: bcrypt.hashSync(PASSWORD, 4),
      ...more,
    };
    this.all.set(id, person);
    return person;
  }

  async find(isMeant: (person: Person) => boolean): Promise<Person | undefined> {
    if (this.failure) throw this.failure;
    return [...this.all.values()].find(isMeant);
  }
}

@Module({ providers: [People], exports: [People] })
class PeopleModule {}

@Injectable()
class PeopleDirectory extends UserDirectory<Person> {
  constructor(private readonly people: People) {
    super();
  }

  override async findById(id: string) {
    return (await this.people.find((person) => String(person.id) === id)) ?? null;
  }

  override async findByLogin(login: string) {
    const key = login.trim().toLowerCase();
    const found = await this.people.find(({ name, email }) => [name, email].includes(key));
    return found ?? null;
  }

  override account({ id, email, roles, isActive }: Person): Account {
    return { id: String(id), login: email, roles, disabled: !isActive };
  }

  override legacyHash({ bcrypt: hash }: Person): string | null {
    return hash;
  }
}

@Controller('desk')
class DeskController {
  @Get()
  mine(@CurrentUser() person: Person) {
    return { id: person.id, name: person.name };
  }

  @Post()
  write() {
    return {};
  }

  @Get('any')
  @Roles('owner', 'staff')
  any() {
    return {};
  }

  @Get('all')
  @Roles({ all: ['owner', 'staff'] })
  all() {
    return {};
  }
}

/** Takes the name of a person for a proof. */
@Injectable()
class NameAuth extends Auth {
  readonly challenges = ['Name'];

  constructor(private readonly people: People) {
    super();
  }

  override async authenticate({ headers }: AuthRequest): Promise<AuthResult> {
    const user = await this.people.find(({ name }) => name === headers['x-name']);
    return user ? { outcome: 'authenticated', principal: { user: user as never, session: null } } : ANONYMOUS;
  }
}

interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects to be there
  readonly body: any;
  readonly cookie: string;
}

class Desk {
  private constructor(
    readonly app: INestApplication,
    readonly url: string,
  ) {}

  static async open(options: CoatcheckOptionsGiven, Adapter: Adapter = ExpressAdapter): Promise<Desk> {
    @Module({
      imports: [
        PeopleModule,
        CoatcheckModule.forRoot({
          type: ['session_db_auth', 'token_auth', 'basic_auth', 'name'],
          strategies: { name: NameAuth },
          cookie: { name: 'sid', secure: false },
          imports: [PeopleModule],
          ...options,
          users: {
            directory: PeopleDirectory,
            adminRole: 'owner',
            // A verifier computes no hashes.
            ...(!options.users?.credentialVerifier && { passwordCost: 4 }),
            ...options.users,
          },
        }),
      ],
      controllers: [DeskController],
    })
    class DeskModule {}
    const app = await NestFactory.create(DeskModule, new Adapter(), { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    return new Desk(app, `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`);
  }

  get people(): People {
    return this.app.get(People, { strict: false });
  }

  async ask(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: object,
  ): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    const [cookie = ''] = response.headers.getSetCookie().map((one) => one.split(';', 1)[0]!);
    return { status: response.status, body: text === '' ? null : JSON.parse(text), cookie };
  }

  login(login: object, password = PASSWORD): Promise<Answer> {
    return this.ask('POST', '/auth_session/login', {}, { ...login, password });
  }
}

function itsUsers(placeOf: () => Promise<{ database: string; sessions?: string }>, Adapter?: Adapter): void {
  let desk: Desk;
  let count = 0;
  let person: Person;

  beforeAll(async () => {
    const storage = await placeOf();
    desk = await Desk.open({ storage, allowMemorySessionsInTests: storage.database === 'memory:' }, Adapter);
  });

  afterAll(() => desk.app.close());

  beforeEach(() => {
    count += 1;
    person = desk.people.add(`person${count}`);
  });

  const signedIn = async (one = person) => ({ cookie: (await desk.login({ login: one.name })).cookie });
  const statusAt = async (path: string, headers: Record<string, string>) =>
    (await desk.ask('GET', path, headers)).status;

  it('sign in by user name and by e-mail, and are handed in as the objects that they are', async () => {
    for (const login of [{ login: person.name }, { login: person.email }, { email: person.email }]) {
      const { status, body, cookie } = await desk.login(login);
      expect({ status, body }).toEqual({
        status: 200,
        body: { id: String(person.id), login: person.email, roles: ['staff'] },
      });
      expect(await desk.ask('GET', '/desk', { cookie })).toMatchObject({
        status: 200,
        body: { id: person.id, name: person.name },
      });
    }
  });

  it('sign in by Basic and by bearer token', async () => {
    const basic = `Basic ${Buffer.from(`${person.name}:${PASSWORD}`).toString('base64')}`;
    expect(await statusAt('/desk', { authorization: basic })).toBe(200);
    const { body } = await desk.login({ login: person.name, transport: 'bearer' });
    expect(await statusAt('/desk', { authorization: `Bearer ${body.token}` })).toBe(200);
  });

  it('sign in by a strategy of the application that knows only the user, unless they are disabled', async () => {
    const headers = { 'x-name': person.name };
    expect(await statusAt('/desk', headers)).toBe(200);
    expect(await statusAt('/desk/any', headers)).toBe(200);
    person.isActive = false;
    expect(await desk.ask('GET', '/desk', headers)).toMatchObject({
      status: 401,
      body: { code: 'user_disabled' },
    });
  });

  it('sign in by loginAs of the tests, if they exist', async () => {
    const { headers, user } = await loginAs(desk.app, { login: person.name });
    expect(user).toBe(person);
    expect(await statusAt('/desk', headers)).toBe(200);
    await expect(loginAs(desk.app, { login: 'nobody' })).rejects.toThrow('Create the user first.');
    await expect(loginAs(desk.app, { login: person.name }, { roles: ['admin'] })).rejects.toThrow('roles');
    person.isActive = false;
    await expect(loginAs(desk.app, { login: person.name })).rejects.toThrow('disabled');
  });

  it('have their old hash adopted at the first sign-in, once, also by many at once', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => desk.login({ login: person.name })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const stored = await desk.app.get(CredentialStore).find(String(person.id));
    expect(stored).toMatchObject({
      version: 1,
      passwordHash: expect.not.stringMatching(`^${person.bcrypt}$`),
    });
    person.bcrypt = null;
    expect((await desk.login({ login: person.name })).status).toBe(200);
  });

  it.each([
    ['a wrong password', (one: Person) => [{ login: one.name }, 'wrong']],
    ['an unknown login', () => [{ login: 'nobody' }, PASSWORD]],
    [
      'no password at all',
      (one: Person) => {
        one.bcrypt = null;
        return [{ login: one.name }, PASSWORD];
      },
    ],
    [
      'an account that is not active',
      (one: Person) => {
        one.isActive = false;
        return [{ login: one.name }, PASSWORD];
      },
    ],
  ] as const)('are refused alike with %s', async (__, attempt) => {
    const [login, password] = attempt(person);
    expect(await desk.login(login as object, password as string)).toMatchObject({
      status: 401,
      body: { code: 'credentials_invalid' },
    });
  });

  it('are refused by 400 without a login, and with two', async () => {
    for (const login of [{}, { login: '' }, { login: 7 }, { email: 'x', login: 'y' }])
      expect((await desk.login(login)).status).toBe(400);
  });

  it('lose their sessions at once when they are disabled or deleted', async () => {
    const headers = await signedIn();
    expect(await statusAt('/desk', headers)).toBe(200);
    person.isActive = false;
    expect(await desk.ask('GET', '/desk', headers)).toMatchObject({ body: { code: 'user_disabled' } });
    person.isActive = true;
    expect(await statusAt('/desk', headers)).toBe(200);
    desk.people.all.delete(person.id);
    expect(await statusAt('/desk', headers)).toBe(401);
  });

  it('lose their sessions for good when the application deactivates them', async () => {
    const headers = await signedIn();
    await desk.app.get(SignInService).deactivateUser(String(person.id));
    expect(await desk.ask('GET', '/desk', headers)).toMatchObject({ body: { code: 'user_disabled' } });
    expect((await desk.login({ login: person.name })).status).toBe(200);
  });

  it('change their password, which ends their other sessions', async () => {
    const [here, there] = [await signedIn(), await signedIn()];
    const change = { current_password: PASSWORD, new_password: 'another horse battery staple' };
    const { status, cookie } = await desk.ask('PUT', '/users/me/password', here, change);
    expect(status).toBe(200);
    expect(await statusAt('/desk', { cookie })).toBe(200);
    expect(await statusAt('/desk', there)).toBe(401);
    expect((await desk.login({ login: person.name })).status).toBe(401);
    expect((await desk.login({ login: person.name }, change.new_password)).status).toBe(200);
  });

  it('choose a new password with a reset token', async () => {
    const headers = await signedIn();
    const { token } = await desk.app.get(PasswordResetService).issue(String(person.id));
    const body = { token: token.reveal(), new_password: 'a third horse battery staple' };
    expect((await desk.ask('POST', '/password/reset', {}, body)).status).toBe(200);
    expect(await statusAt('/desk', headers)).toBe(401);
    expect((await desk.login({ login: person.name }, body.new_password)).status).toBe(200);
  });

  it('confirm their password, list and end their sessions', async () => {
    const headers = await signedIn();
    const proof = await desk.ask('POST', '/sessions/current/reauthenticate', headers, { password: PASSWORD });
    expect(proof.status).toBe(200);
    await signedIn();
    const { body } = await desk.ask('GET', '/sessions', { cookie: proof.cookie });
    expect(body).toHaveLength(2);
    expect((await desk.ask('DELETE', '/sessions', { cookie: proof.cookie })).body).toEqual({ ended: 1 });
    expect((await desk.ask('GET', '/sessions/current', { cookie: proof.cookie })).body.user).toEqual({
      id: String(person.id),
      login: person.email,
      roles: ['staff'],
    });
  });

  it('have access tokens, which end when they are deactivated', async () => {
    const headers = await signedIn();
    const wanted = { label: 'backup', scope: 'read', expires_at: new Date(Date.now() + 3_600_000) };
    const { status, body } = await desk.ask('POST', '/access_tokens', headers, wanted);
    expect({ status, body }).toMatchObject({ status: 201, body: { kind: 'access_token', label: 'backup' } });
    const program = { authorization: `Bearer ${body.token}` };
    expect(await desk.ask('GET', '/desk', program)).toMatchObject({ body: { name: person.name } });
    expect((await desk.ask('POST', '/desk', program)).body.code).toBe('scope_required');
    expect(await statusAt('/desk/any', program)).toBe(200);
    person.roles = [];
    expect(await statusAt('/desk/any', program)).toBe(403);
    person.isActive = false;
    expect((await desk.ask('GET', '/desk', program)).body.code).toBe('user_disabled');
    person.isActive = true;
    await desk.app.get(SignInService).deactivateUser(String(person.id));
    expect(await statusAt('/desk', program)).toBe(401);
  });

  it('have remembered sessions, and learn why those ended', async () => {
    const { cookie } = await desk.login({ login: person.name, remember: true });
    const { body } = await desk.ask('GET', '/sessions/current', { cookie });
    expect(body).toMatchObject({ session: { kind: 'remembered' }, user: { id: String(person.id) } });
    await desk.ask('DELETE', `/sessions/${body.session.id}`, await signedIn());
    expect((await desk.ask('GET', '/desk', { cookie })).body.code).toBe('session_ended_elsewhere');
  });

  it('need any of several roles, or all of them', async () => {
    const staff = await signedIn();
    const both = await signedIn(desk.people.add(`both${count}`, { roles: ['staff', 'owner'] }));
    const none = await signedIn(desk.people.add(`none${count}`, { roles: [] }));
    const table = [staff, both, none].map((headers) =>
      Promise.all(['/desk/any', '/desk/all'].map((path) => statusAt(path, headers))),
    );
    expect(await Promise.all(table)).toEqual([
      [200, 403],
      [200, 200],
      [403, 403],
    ]);
  });

  it('administer others with the role of administrators, and not without it', async () => {
    const owner = await signedIn(desk.people.add(`owner${count}`, { roles: ['owner'] }));
    const staff = await signedIn();
    const path = `/users/${person.id}/sessions`;
    expect(await statusAt(path, staff)).toBe(403);
    expect((await desk.ask('GET', path, owner)).body).toHaveLength(1);
    expect((await desk.ask('DELETE', path, owner)).body).toEqual({ ended: 1 });
    expect(await statusAt('/audit', owner)).toBe(200);
    expect(await statusAt('/users/77777/sessions', owner)).toBe(404);
  });

  it('are recognised by Basic only as long as their hash stays', async () => {
    const basic = { authorization: `Basic ${Buffer.from(`${person.name}:${PASSWORD}`).toString('base64')}` };
    expect(await statusAt('/desk', basic)).toBe(200);
    expect(await statusAt('/desk', basic)).toBe(200);
    const { passwordHash } = (await desk.app.get(CredentialStore).find(String(person.id)))!;
    const other = bcrypt.hashSync('another', 4);
    await desk.app.get(CredentialStore).upgradeHash(String(person.id), passwordHash!, other);
    expect(await statusAt('/desk', basic)).toBe(401);
  });

  it('are told nothing of what their directory throws, and refused where it gives no text as a hash', async () => {
    const headers = await signedIn();
    desk.people.failure = new NotFoundException();
    const unavailable = { status: 503, body: { code: 'store_unavailable' } };
    expect(await desk.login({ login: 'nobody' })).toMatchObject(unavailable);
    expect(await desk.ask('GET', '/desk', headers)).toMatchObject(unavailable);
    desk.people.failure = null;
    const broken = desk.people.add(`broken${count}`, { bcrypt: 7 as never });
    expect((await desk.login({ login: broken.name })).status).toBe(500);
  });

  it('have no routes of our own users', async () => {
    const headers = await signedIn();
    for (const path of ['/users', '/users/me', '/stats', '/registration'])
      expect([path, await statusAt(path, headers)]).toEqual([path, 404]);
  });

  it('are neither let in nor called wrong while the directory cannot answer', async () => {
    const headers = await signedIn();
    desk.people.failure = new Error('connect ECONNREFUSED 127.0.0.1:3306');
    const unavailable = { status: 503, body: { code: 'store_unavailable' } };
    expect(await desk.ask('GET', '/desk', headers)).toMatchObject(unavailable);
    expect(await desk.login({ login: person.name })).toMatchObject(unavailable);
    desk.people.failure = null;
    expect(await statusAt('/desk', headers)).toBe(200);
  });
}

describe('Users of the application, with credentials in memory', () => {
  itsUsers(async () => ({ database: 'memory:' }));
});

describe.each(ADAPTERS)('Users of the application on %s, with credentials in SQLite', (_, Adapter) => {
  itsUsers(async () => ({ database: newDatabase() }), Adapter);
});

describe('Users of the application, with credentials and sessions in two databases', () => {
  itsUsers(async () => ({ database: newDatabase(), sessions: newDatabase() }));
});

describeWithRedis('Users of the application, with credentials in SQLite and sessions in Redis', () => {
  let drop: () => Promise<void>;
  afterAll(() => drop());
  itsUsers(async () => {
    const prefix = newPrefix();
    drop = prefix.drop;
    return { database: newDatabase(), sessions: prefix.url };
  });
});

describeWithPostgres('Users of the application, with credentials in PostgreSQL', () => {
  let drop: () => Promise<void>;
  afterAll(() => drop());
  itsUsers(async () => {
    const schema = await newSchema();
    drop = schema.drop;
    return { database: schema.url };
  });
});

describe('A verifier of the application', () => {
  @Injectable()
  class Ldap extends CredentialVerifier<Person> {
    constructor(private readonly people: People) {
      super();
    }

    override async verify({ login, password, user }: PasswordAttempt<Person>) {
      if (password === 'refused') throw new UnauthorizedException();
      if (password === 'down') throw new Error('ldap: connection refused');
      if (password !== `${login}'s secret`) return null;
      return this.people.swapped ?? user ?? this.people.add(login, { bcrypt: null });
    }
  }
  let desk: Desk;

  beforeAll(async () => {
    const users = { credentialVerifier: Ldap };
    desk = await Desk.open({ storage: { database: 'memory:' }, allowMemorySessionsInTests: true, users });
  });
  afterAll(() => desk.app.close());

  it('answers in place of the hashes, and may create the user', async () => {
    const { cookie } = await desk.login({ login: 'zoe' }, "zoe's secret");
    expect(await desk.ask('GET', '/desk', { cookie })).toMatchObject({ status: 200, body: { name: 'zoe' } });
    expect((await desk.login({ login: 'zoe' }, PASSWORD)).status).toBe(401);
    expect((await desk.login({ login: 'zoe' }, 'down')).status).toBe(503);
  });

  it.each([
    ['null', 'eve', 'wrong'],
    ['an UnauthorizedException', 'ivy', 'refused'],
  ])('still has failed attempts counted, which it tells by %s', async (_, name, wrong) => {
    const eve = desk.people.add(name);
    for (let tries = 0; tries < 5; tries += 1)
      expect(await desk.login({ login: name }, wrong)).toMatchObject({
        status: 401,
        body: { code: 'credentials_invalid' },
      });
    expect((await desk.login({ login: eve.name }, `${name}'s secret`)).status).toBe(401);
  });

  it('is asked again to confirm, and has no passwords of ours to change', async () => {
    const { cookie } = await desk.login({ login: 'max' }, "max's secret");
    const change = { current_password: "max's secret", new_password: 'another horse battery staple' };
    expect((await desk.ask('PUT', '/users/me/password', { cookie }, change)).status).toBe(403);
    expect((await desk.ask('POST', '/password/reset', {}, { token: 'x', new_password: 'y' })).status).toBe(
      404,
    );
  });
});
