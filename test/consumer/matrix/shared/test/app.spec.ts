import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { useContainer } from 'class-validator';
import * as coatcheck from 'coatcheck';
import { Auth, DomainError, UsersService } from 'coatcheck';
import { loginAs } from 'coatcheck/testing';
import supertest from 'supertest';
import { AppModule } from '../src/app.module.js';

describe('The application', () => {
  let app: INestApplication;

  beforeEach(async () => {
    const testing = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = testing.createNestApplication({ logger: false });
    useContainer(app.select(AppModule), { fallbackOnErrors: true });
    await app.init();
  });

  afterEach(() => app.close());

  const visitor = () => supertest(app.getHttpServer());

  it('refuses strangers, but not on its public routes', async () => {
    const { body } = await visitor().get('/pages/mine').expect(401);
    expect(body).toMatchObject({ status: 401, code: 'credentials_missing' });
    await visitor().get('/pages').expect(200, { greeting: 'Hello stranger' });
  });

  it('knows users whom a test signs in, and their roles', async () => {
    const ann = await loginAs(app, { email: 'ann@example.com' });
    await ann.agent.get('/pages/mine').expect(200, { greeting: 'Hello ann@example.com' });
    await ann.agent.get('/pages/admin').expect(403);
    const root = await loginAs(app, { email: 'root@example.com' }, { roles: ['admin'] });
    await root.agent.get('/pages/admin').expect(200);
  });

  it('refuses input that is not valid', async () => {
    const { body } = await visitor().post('/users').send({ email: 1, password: 'password' }).expect(400);
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(['/password', '/email']);
    const common = { email: 'ann@example.com', password: 'momsanaladventure' };
    const { body: known } = await visitor().post('/users').send(common).expect(400);
    expect(known.errors).toEqual([
      { pointer: '/password', detail: expect.stringContaining('data breaches') },
    ]);
  });

  it('validates bodies by its own rules', async () => {
    const card = { text: 'Hello stranger', size: { width: 3 } };
    await visitor()
      .post('/pages/echo')
      .send(card)
      .expect(201, { isSize: true, ...card });
    await visitor()
      .post('/pages/echo')
      .send({ ...card, text: 'Goodbye' })
      .expect(400);
    await visitor()
      .post('/pages/echo')
      .send({ ...card, size: { width: 'wide' } })
      .expect(400);
  });

  it('sees each class by its name', () => {
    const classes = Object.entries<unknown>({ ...coatcheck }).filter(([, one]) =>
      /^class\b/.test(String(one)),
    );
    expect(classes.length).toBeGreaterThan(40);
    expect(classes.filter(([name, one]) => (one as { name: string }).name !== name)).toEqual([]);
  });

  it('has the classes that it imports', async () => {
    expect(app.get(Auth, { strict: false })).toBeInstanceOf(Auth);
    const taken = {
      email: 'ann@example.com',
      password: 'several unrelated words 9',
      firstName: null,
      lastName: null,
    };
    const users = app.get(UsersService, { strict: false });
    await users.create(taken, 'admin');
    await expect(users.create(taken, 'admin')).rejects.toBeInstanceOf(DomainError);
  });
});
