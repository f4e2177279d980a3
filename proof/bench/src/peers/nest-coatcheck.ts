import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CoatcheckModule, User } from '../../../../dist/lib/index.js';
import { LIBRARY } from '../paths.js';
import { listenNest } from './listen.js';
import { ANYBODY, type Person } from './people.js';

interface Library {
  readonly CoatcheckModule: typeof CoatcheckModule;
  CurrentUser(): ParameterDecorator;
}

const { CoatcheckModule: Coatcheck, CurrentUser } = (await import(LIBRARY)) as Library;

@Controller('people')
class PeopleController {
  @Get('me')
  me(@CurrentUser() user: User): Person {
    return { ...ANYBODY, email: user.email };
  }
}

/** What an application writes that imports the product, but for a hash that no measured request computes. */
@Module({
  controllers: [PeopleController],
  imports: [
    Coatcheck.forRoot({
      type: 'session_auth',
      storage: { database: 'memory:' },
      cookie: { name: 'sid', secure: false },
      users: { registration: 'open', passwordCost: 4 },
    }),
  ],
})
class AppModule {}

await listenNest(await NestFactory.create(AppModule));
