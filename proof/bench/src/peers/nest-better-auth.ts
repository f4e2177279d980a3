import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Inject,
  Injectable,
  Module,
  Req,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type BetterAuthOptions, betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node';
import SqliteConnection from 'better-sqlite3';
import { HOST, LIFETIME, SECRET, ownFile } from './environment.js';
import { listenNest } from './listen.js';

type Auth = ReturnType<typeof betterAuth>;

/** A request of Express or Fastify. */
interface KnownRequest {
  readonly headers: IncomingHttpHeaders;
  person?: unknown;
}

const AUTH = Symbol('better-auth');

/** What its integration for Nest does at each request; that one does not run on Nest 12 and Node 20 yet. */
@Injectable()
class SessionGuard implements CanActivate {
  constructor(@Inject(AUTH) private readonly auth: Auth) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<KnownRequest>();
    const session = await this.auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
    if (!session) throw new UnauthorizedException();
    request.person = session.user;
    return true;
  }
}

@Controller('users')
class UsersController {
  @Get('me')
  @UseGuards(SessionGuard)
  me(@Req() request: KnownRequest): unknown {
    return request.person;
  }
}

/** Nest with better-auth on Express, users in a SQLite file, sessions there too unless the options say otherwise. */
export async function serveNestBetterAuth(options: BetterAuthOptions = {}): Promise<void> {
  const { auth, AppModule } = await betterAuthOf(options);
  const app = await NestFactory.create<NestExpressApplication>(AppModule, { bodyParser: false });
  app.getHttpAdapter().getInstance().all('/api/auth/{*any}', toNodeHandler(auth));
  app.useBodyParser('json');
  await listenNest(app);
}

/** The same on Fastify. */
export async function serveFastifyBetterAuth(options: BetterAuthOptions = {}): Promise<void> {
  const { auth, AppModule } = await betterAuthOf(options);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter());
  app
    .getHttpAdapter()
    .getInstance()
    .all('/api/auth/*', async (request, reply) => {
      const response = await auth.handler(
        new Request(`http://${HOST}${request.url}`, {
          method: request.method,
          headers: fromNodeHeaders(request.headers),
          body: JSON.stringify(request.body),
        }),
      );
      reply.code(response.status);
      response.headers.forEach((value, name) => reply.header(name, value));
      return reply.send(await response.text());
    });
  await listenNest(app);
}

async function betterAuthOf(options: BetterAuthOptions) {
  const database = new SqliteConnection(ownFile('better-auth.db'));
  database.pragma('journal_mode = WAL');
  const all: BetterAuthOptions = {
    database,
    baseURL: `http://${HOST}`,
    secret: SECRET,
    emailAndPassword: { enabled: true, autoSignIn: false, password: CHEAP },
    // A thousand sign-ins come from one address before anything is measured.
    rateLimit: { enabled: false },
    ...options,
    session: { expiresIn: LIFETIME, ...options.session },
  };
  await (await getMigrations(all)).runMigrations();
  const auth = betterAuth(all);

  @Module({ controllers: [UsersController], providers: [{ provide: AUTH, useValue: auth }] })
  class AppModule {}

  return { auth, AppModule };
}

/** No measured request hashes a password, so signing in may be quick. */
const CHEAP = {
  hash: async (password: string) => digestOf(password),
  verify: async ({ hash, password }: { hash: string; password: string }) => hash === digestOf(password),
};

function digestOf(password: string): string {
  return createHash('sha256').update(password).digest('hex');
}
