import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type INestApplication, Injectable, Module } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { CoatcheckModule, UserDirectory, type UsersOptionsGiven, UsersService } from 'coatcheck';
import { createApp } from 'coatcheck/server';

const PASSWORD = 'correct horse battery staple';
const ANN = { id: 7, name: 'ann', hash: bcrypt.hashSync(PASSWORD, 4) };

@Injectable()
class AnnDirectory extends UserDirectory<typeof ANN> {
  async findById(id: string) {
    return id === '7' ? ANN : null;
  }

  async findByLogin(login: string) {
    return login === 'ann' ? ANN : null;
  }

  account({ id, name }: typeof ANN) {
    return { id: String(id), login: name, roles: ['owner'], disabled: false };
  }

  override legacyHash({ hash }: typeof ANN) {
    return hash;
  }
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string | string[];
  readonly format?: string;
  readonly enum?: unknown[];
  readonly items?: Schema;
  readonly properties?: Record<string, Schema>;
  readonly required?: string[];
}

const FORMATS: Readonly<Record<string, RegExp>> = {
  email: /^[^@\s]+@[^@\s]+$/,
  uuid: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
  password: /^/,
};

const typeOf = (value: unknown) =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'array'
      : Number.isInteger(value)
        ? 'integer'
        : typeof value;

/** Where a value differs from its schema, which also must name every property. */
function faultsOf(value: unknown, schema: Schema, schemas: Record<string, Schema>, at = ''): string[] {
  if (schema.$ref !== undefined)
    return faultsOf(value, schemas[schema.$ref.split('/').at(-1)!]!, schemas, at);
  const type = typeOf(value);
  if (![schema.type].flat().includes(type)) return [`${at} is ${type}`];
  if (schema.enum && !schema.enum.includes(value)) return [`${at} is not listed`];
  if (typeof value === 'string')
    return FORMATS[schema.format ?? 'password']!.test(value) ? [] : [`${at} is no ${schema.format}`];
  if (Array.isArray(value))
    return value.flatMap((item, index) => faultsOf(item, schema.items!, schemas, `${at}/${index}`));
  if (type !== 'object') return [];
  const { properties = {}, required = [] } = schema;
  const given = value as Record<string, unknown>;
  return [
    ...required.filter((name) => !(name in given)).map((name) => `${at}/${name} is missing`),
    ...Object.entries(given).flatMap(([name, part]) => {
      const described = properties[name];
      return described ? faultsOf(part, described, schemas, `${at}/${name}`) : [`${at}/${name} is unknown`];
    }),
  ];
}

class Api {
  private constructor(
    readonly app: INestApplication,
    readonly url: string,
    // oxlint-disable-next-line typescript/no-explicit-any -- the document is read as any client would
    readonly document: any,
  ) {}

  static async open(users: UsersOptionsGiven): Promise<Api> {
    @Module({
      imports: [
        CoatcheckModule.forRoot({
          type: ['session_db_auth', 'token_auth', 'basic_auth'],
          storage: { database: 'memory:' },
          allowMemorySessionsInTests: true,
          cookie: { name: 'sid', secure: false },
          users: { passwordCost: 4, ...users },
        }),
      ],
    })
    class ApiModule {}
    const options = { prefix: '', https: false, docs: true };
    const app = await createApp(ApiModule, options, { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
    const document: unknown = await (await fetch(`${url}/openapi.json`)).json();
    return new Api(app, url, document);
  }

  /** Sends a request whose body is as described, and returns the answer with its differences from the description. */
  async ask(method: string, path: string, headers: Record<string, string> = {}, body?: object) {
    const { components, paths } = this.document;
    const operation = paths[path][method.toLowerCase()];
    if (body) {
      const { schema } = operation.requestBody.content['application/json'];
      expect(faultsOf(body, schema, components.schemas)).toEqual([]);
    }
    const response = await fetch(this.url + path, {
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      body: body && JSON.stringify(body),
    });
    const answer: unknown = await response.json();
    expect(response.status).toBeLessThan(300);
    const { schema } = operation.responses[response.status].content['application/json'];
    const [cookie = ''] = response.headers.getSetCookie().map((one) => one.split(';', 1)[0]!);
    return { cookie, answer, faults: faultsOf(answer, schema, components.schemas) };
  }
}

describe.each<[string, UsersOptionsGiven, { email: string } | { login: string }]>([
  ['users of the application', { directory: AnnDirectory }, { login: 'ann' }],
  ['users of the application by the other name', { directory: AnnDirectory }, { email: 'ann' }],
  ['the built-in users', { roles: ['reader', 'owner', 'admin'] }, { email: 'ann@example.com' }],
  ['built-in users with any address', { exactEmails: true }, { email: 'ann' }],
])('The description of the API with %s', (_, users, login) => {
  let api: Api;

  beforeAll(async () => {
    api = await Api.open(users);
    if (!users.directory)
      await api.app
        .get(UsersService)
        .create(
          { email: Object.values(login)[0]!, password: PASSWORD, firstName: null, lastName: null },
          'admin',
        );
  });

  afterAll(() => api.app.close());

  it('says what each request that answers with the user gets', async () => {
    const ask = async (...request: Parameters<Api['ask']>) => {
      const { faults, ...rest } = await api.ask(...request);
      expect([request[1], faults]).toEqual([request[1], []]);
      return rest;
    };
    const { cookie, answer } = await ask('POST', '/auth_session/login', {}, { ...login, password: PASSWORD });
    expect(Object.keys(answer as object)).toContain(users.directory ? 'roles' : 'email');
    const bearer = { ...login, password: PASSWORD, transport: 'bearer' };
    expect((await ask('POST', '/auth_session/login', {}, bearer)).answer).toHaveProperty('token');
    await ask('GET', '/sessions/current', { cookie });
    await ask('GET', '/sessions', { cookie });
    if (!users.directory) for (const path of ['/users', '/audit']) await ask('GET', path, { cookie });
    const change = { current_password: PASSWORD, new_password: 'another horse battery staple' };
    await ask('PUT', '/users/me/password', { cookie }, change);
  });
});

describe('The description of the API', () => {
  it('lists the roles that may be given, and any role where a user is shown', async () => {
    const { app, document } = await Api.open({ roles: ['reader', 'owner', 'admin'] });
    await app.close();
    const { UpdateUserDto, UserDto } = document.components.schemas;
    expect(UpdateUserDto.properties.role.enum).toEqual(['reader', 'owner', 'admin']);
    expect(UserDto.properties.role).toMatchObject({ type: 'string' });
    expect(UserDto.properties.role).not.toHaveProperty('enum');
  });

  it('has the users of the application with neither routes nor fields of the built-in ones', async () => {
    const { app, document } = await Api.open({ directory: AnnDirectory });
    await app.close();
    const { paths, components } = document;
    expect(
      Object.keys(paths).filter((path) => /^\/(users$|users\/me$|stats$|registration)/.test(path)),
    ).toEqual([]);
    expect(components.securitySchemes.basic.description).toBe('Login and password with each request.');
    expect(components.schemas.UserDto.required).toEqual(['id', 'login', 'roles']);
    expect(components.schemas.LoginDto.properties.email).not.toHaveProperty('format');
    expect(components.schemas).not.toHaveProperty('UpdateUserDto');
  });
});
