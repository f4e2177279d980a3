import { Controller, Get, Module } from '@nestjs/common';
import { ANYBODY, type Person } from './people.js';

@Controller('users')
class UsersController {
  @Get('me')
  me(): Person {
    return ANYBODY;
  }
}

/** One answer, no guard. */
@Module({ controllers: [UsersController] })
export class ConstantModule {}
