import { Delete, HttpCode, Param, Patch, Put } from '@nestjs/common';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidBody } from '../../input.js';
import type { Initiator } from '../../../audit/initiator.js';
import { CurrentInitiator } from '../../../auth/request-initiator.js';
import { CurrentUser, Fresh } from '../../../auth/decorators/access.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { UpdateUserDto } from './update-user.dto.js';
import { UserDto } from './user.dto.js';
import type { User } from '../../../users/user.js';
import { UsersController, changesStanding } from './users.controller.js';

/** The routes of users, with those that the course's contract does not have. */
@ApiTag('users')
@CoatcheckController('users')
export class StandardUsersController extends UsersController {
  @Put('me')
  @Fresh('5m', changesStanding)
  @ApiAction({
    id: 'updateCurrentUser',
    summary: 'Change my account',
    description: 'The same as `updateUser` for the signed-in user. Absent fields do not change.',
    refusals: ['role_required', 'email_taken', 'last_admin'],
  })
  @ApiAnswer(200, { type: UserDto, description: 'The user.' })
  replaceMe(
    @CurrentUser() caller: User,
    @CurrentInitiator() by: Initiator,
    @ValidBody(UpdateUserDto) body: Readonly<UpdateUserDto>,
  ) {
    return this.update(caller, by, caller.id, body);
  }

  @Patch('me')
  @Fresh('5m', changesStanding)
  @ApiAction({
    id: 'patchCurrentUser',
    summary: 'Change my account',
    description: 'The same as `PUT`. Absent fields do not change.',
    refusals: ['role_required', 'email_taken', 'last_admin'],
  })
  @ApiAnswer(200, { type: UserDto, description: 'The user.' })
  changeMe(
    @CurrentUser() caller: User,
    @CurrentInitiator() by: Initiator,
    @ValidBody(UpdateUserDto) body: Readonly<UpdateUserDto>,
  ) {
    return this.update(caller, by, caller.id, body);
  }

  @Delete('me')
  @Fresh('5m')
  @HttpCode(200)
  @ApiAction({
    id: 'deleteCurrentUser',
    summary: 'Delete my account',
    description: 'All sessions and access tokens of the account end.',
    refusals: ['last_admin'],
  })
  @ApiAnswer(200, { description: 'The account is deleted.' })
  removeMe(@CurrentUser() caller: User, @CurrentInitiator() by: Initiator) {
    return this.remove(caller, by, caller.id);
  }

  @Patch(':id')
  @Fresh('5m', changesStanding)
  @ApiAction({
    id: 'patchUser',
    summary: 'Change a user',
    description: 'The same as `PUT`. Absent fields do not change.',
    refusals: ['role_required', 'not_found', 'email_taken', 'last_admin'],
  })
  @ApiAnswer(200, { type: UserDto, description: 'The user.' })
  change(
    @CurrentUser() caller: User,
    @CurrentInitiator() by: Initiator,
    @Param('id') id: string,
    @ValidBody(UpdateUserDto) body: Readonly<UpdateUserDto>,
  ) {
    return this.update(caller, by, id, body);
  }
}
