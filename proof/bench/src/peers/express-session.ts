import express from 'express';
import session, { type Store } from 'express-session';
import { listenExpress } from './listen.js';
import { PEOPLE, signIn } from './people.js';
import { sessionOptions } from './session-options.js';

/** Express with express-session; the user is looked up in a Map at each request. */
export function serveExpressSession(store?: Store): void {
  const app = express();
  app.use(express.json());
  app.use(session(sessionOptions(store)));
  app.post('/login', (request, response, next) => {
    const person = signIn(request.body.email, request.body.password);
    if (!person) return void response.sendStatus(401);
    request.session.regenerate((problem) => {
      if (problem) return next(problem);
      request.session.userId = person.id;
      response.json(person);
    });
  });
  app.post('/logout', (request, response, next) => {
    request.session.destroy((problem) => (problem ? next(problem) : response.json({})));
  });
  app.get('/users/me', (request, response) => {
    const person = PEOPLE.get(request.session.userId ?? '');
    if (!person) return void response.sendStatus(401);
    response.json(person);
  });
  listenExpress(app);
}
