import type { AddressInfo } from 'node:net';
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import fastify from 'fastify';
import { HOST, LIFETIME, PORT, SECRET, announce } from './environment.js';
import { PEOPLE, signIn } from './people.js';

declare module 'fastify' {
  interface Session {
    userId?: string;
  }
}

const app = fastify();
await app.register(fastifyCookie);
await app.register(fastifySession, {
  secret: SECRET,
  saveUninitialized: false,
  cookie: { httpOnly: true, sameSite: 'lax', secure: false, maxAge: LIFETIME * 1000 },
});
app.post<{ Body: { email: string; password: string } }>('/login', async (request, reply) => {
  const person = signIn(request.body.email, request.body.password);
  if (!person) return reply.code(401).send({});
  await request.session.regenerate();
  request.session.userId = person.id;
  return person;
});
app.post('/logout', async (request) => {
  await request.session.destroy();
  return {};
});
app.get('/users/me', async (request, reply) => {
  // The user is looked up in a Map at each request.
  const person = PEOPLE.get(request.session.userId ?? '');
  return person ?? reply.code(401).send({});
});
await app.listen({ port: PORT, host: HOST });
announce(app.server.address() as AddressInfo);
