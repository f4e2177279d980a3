import type { Server } from 'node:http';
import type { StoreUnavailableError } from '../../../../dist/lib/common/domain-error.js';
import type { Limits, SessionLifetime } from '../../../../dist/lib/sessions/session-lifetime.js';
import type { SessionStore } from '../../../../dist/lib/sessions/session-store.js';
import type { SessionToken } from '../../../../dist/lib/sessions/session-token.js';
import type { SessionsService } from '../../../../dist/lib/sessions/sessions.service.js';
import type { PasswordHasher } from '../../../../dist/lib/users/passwords/password-hasher.js';
import type { UserStore } from '../../../../dist/lib/users/user-store.js';
import { LIBRARY, SERVER_LIBRARY } from '../paths.js';

export type { ClientFacts } from '../../../../dist/lib/sessions/session.js';
export type { SessionLifetime, SessionStore, UserStore };

/** What is read of a configuration. */
interface Config {
  readonly host: string;
  readonly port: number;
  readonly auth: { readonly lifetime: Limits; readonly cookie: { readonly name: string } };
  readonly http: object;
}

/** What is asked of an application. */
interface App {
  get<T>(token: abstract new (...args: never[]) => T): T;
  listen(port: number, host: string): Promise<unknown>;
  getHttpServer(): Server;
}

/** What is used of the product as others import it. Nest's types are told anew: those of its Nest and of ours do not mix. */
interface Library {
  readonly AppModule: { forRoot(config: Config): object };
  createApp(module: object, options: object, nest: object): Promise<App>;
  loadConfig(variables: NodeJS.ProcessEnv): Config;
  readonly PasswordHasher: typeof PasswordHasher;
  readonly SessionLifetime: typeof SessionLifetime;
  readonly SessionStore: typeof SessionStore;
  readonly SessionToken: typeof SessionToken;
  readonly SessionsService: typeof SessionsService;
  readonly StoreUnavailableError: typeof StoreUnavailableError;
  readonly UserStore: typeof UserStore;
}

/** The product's modules, from where its build puts them. */
export const product = { ...(await import(LIBRARY)), ...(await import(SERVER_LIBRARY)) } as Library;
