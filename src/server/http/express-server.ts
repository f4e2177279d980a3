import type { RequestListener, Server } from 'node:http';
import type { ServerOptions } from 'node:https';
import type { Express } from 'express';
import { createNodeServer } from './node-server.js';
import type { ProxyTrust } from './proxy-trust.js';

/**
 * Creates a server whose requests and responses have the prototypes of the Express application from the start. Express
 * would set the prototype of each one, which makes V8 discard its optimizations and halves the speed of every route.
 */
export function createExpressServer(app: Express, https?: ServerOptions): Server {
  const isTrusted: ProxyTrust = (...hop) => (app.get('trust proxy fn') as ProxyTrust)(...hop);
  const { server, requests, responses } = createNodeServer(app as RequestListener, isTrusted, https);
  app.request = inheritFrom(requests, app.request);
  app.response = inheritFrom(responses, app.response);
  return server;
}

/** Makes `own` inherit from `inherited`, and returns it. */
function inheritFrom<T extends object>(own: object, inherited: T): T {
  return Object.setPrototypeOf(own, inherited) as T;
}
