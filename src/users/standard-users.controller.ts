import { Body, Controller, Delete, HttpCode, Param, Patch, Put } from '@nestjs/common';
import { CurrentInitiator, type Initiator } from '../audit/initiator.js';
import { CurrentUser, Fresh } from '../common/access.js';
import { ApiAnswer, ApiTag } from '../common/api-notes.js';
import { UpdateUserDto } from './dto/update-user.dto.js';
import { UserDto } from './dto/user.dto.js';
import type { User } from './user.js';
import { UsersController, changesStanding } from './users.controller.js';

/** The routes of users, with those that the course's contract does not have. */
@ApiTag('users')
@Controller('users')
export class StandardUsersController extends UsersController {
  @Put('me')
  @Fresh('5m', changesStanding)
  @ApiAnswer(200, { type: UserDto })
  replaceMe(@CurrentUser() caller: User, @CurrentInitiator() by: Initiator, @Body() body: UpdateUserDto) {
    return this.update(caller, by, caller.id, body);
  }

  @Patch('me')
  @Fresh('5m', changesStanding)
  @ApiAnswer(200, { type: UserDto })
  changeMe(@CurrentUser() caller: User, @CurrentInitiator() by: Initiator, @Body() body: UpdateUserDto) {
    return this.update(caller, by, caller.id, body);
  }

  @Delete('me')
  @Fresh('5m')
  @HttpCode(200)
  @ApiAnswer(200)
  removeMe(@CurrentUser() caller: User, @CurrentInitiator() by: Initiator) {
    return this.remove(caller, by, caller.id);
  }

  @Patch(':id')
  @Fresh('5m', changesStanding)
  @ApiAnswer(200, { type: UserDto })
  change(
    @CurrentUser() caller: User,
    @CurrentInitiator() by: Initiator,
    @Param('id') id: string,
    @Body() body: UpdateUserDto,
  ) {
    return this.update(caller, by, id, body);
  }
}
