import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import {
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  Post,
  Req,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { LIFETIME, SECRET } from './environment.js';
import { listenNest } from './listen.js';
import { PEOPLE, type Person, signIn } from './people.js';

interface KnownRequest {
  readonly session: { userId?: string; regenerate(): Promise<void>; destroy(): Promise<void> };
  person?: Person;
}

/** The user is looked up in a Map at each request. */
@Injectable()
class SessionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<KnownRequest>();
    const person = PEOPLE.get(request.session.userId ?? '');
    if (!person) throw new UnauthorizedException();
    request.person = person;
    return true;
  }
}

@Controller()
class PeopleController {
  @Post('login')
  async login(@Body() body: { email: string; password: string }, @Req() request: KnownRequest) {
    const person = signIn(body.email, body.password);
    if (!person) throw new UnauthorizedException();
    await request.session.regenerate();
    request.session.userId = person.id;
    return person;
  }

  @Post('logout')
  async logout(@Req() request: KnownRequest) {
    await request.session.destroy();
    return {};
  }

  @Get('users/me')
  @UseGuards(SessionGuard)
  me(@Req() request: KnownRequest) {
    return request.person;
  }
}

@Module({ controllers: [PeopleController] })
class AppModule {}

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter());
await app.register(fastifyCookie);
await app.register(fastifySession, {
  secret: SECRET,
  saveUninitialized: false,
  cookie: { httpOnly: true, sameSite: 'lax', secure: false, maxAge: LIFETIME * 1000 },
});
await listenNest(app);
