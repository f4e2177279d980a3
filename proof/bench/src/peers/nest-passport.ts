import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  HttpCode,
  Injectable,
  Module,
  Post,
  Req,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthGuard, PassportModule, PassportSerializer, PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import session, { type Store } from 'express-session';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { listenNest } from './listen.js';
import { PEOPLE, type Person, signIn } from './people.js';
import { sessionOptions } from './session-options.js';

@Injectable()
class LocalStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({ usernameField: 'email' });
  }

  validate(email: string, password: string): Person {
    const person = signIn(email, password);
    if (!person) throw new UnauthorizedException();
    return person;
  }
}

@Injectable()
class Serializer extends PassportSerializer {
  serializeUser(person: Person, done: (problem: null, id: string) => void): void {
    done(null, person.id);
  }

  /** The user is looked up in a Map at each request. */
  deserializeUser(id: string, done: (problem: null, person: Person | false) => void): void {
    done(null, PEOPLE.get(id) ?? false);
  }
}

@Injectable()
class LoginGuard extends AuthGuard('local') {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await super.canActivate(context);
    await super.logIn(context.switchToHttp().getRequest<Request>());
    return true;
  }
}

@Injectable()
class SignedInGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (!context.switchToHttp().getRequest<Request>().isAuthenticated()) throw new UnauthorizedException();
    return true;
  }
}

@Controller()
class UsersController {
  @Post('login')
  @UseGuards(LoginGuard)
  login(@Req() request: Request): Request['user'] {
    return request.user;
  }

  @Post('logout')
  @HttpCode(200)
  @UseGuards(SignedInGuard)
  async logout(@Req() request: Request): Promise<object> {
    await new Promise<void>((done, failed) =>
      request.logout((problem) => (problem ? failed(problem) : done())),
    );
    return {};
  }

  @Get('users/me')
  @UseGuards(SignedInGuard)
  me(@Req() request: Request): Request['user'] {
    return request.user;
  }
}

@Module({
  imports: [PassportModule.register({ session: true })],
  providers: [LocalStrategy, Serializer],
  controllers: [UsersController],
})
class AppModule {}

/** Nest with Passport's sessions on express-session. */
export async function serveNestPassport(store?: Store): Promise<void> {
  const app = await NestFactory.create(AppModule);
  app.use(session(sessionOptions(store)));
  app.use(passport.session());
  await listenNest(app);
}
