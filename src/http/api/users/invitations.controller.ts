import { Optional, Post } from '@nestjs/common';
import type { Initiator } from '../../../audit/initiator.js';
import { ForAdmins, Fresh } from '../../../auth/decorators/access.js';
import { CurrentInitiator } from '../../../auth/request-initiator.js';
import { DomainError } from '../../../common/domain-error.js';
import { UsersService } from '../../../users/users.service.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidBody } from '../../input.js';
import { InviteUserDto } from './invite-user.dto.js';
import { userJson } from './user-json.js';
import { UserDto } from './user.dto.js';

/** Adds users who choose their password by the link of a mail. */
@ApiTag('users')
@CoatcheckController('invitations')
export class InvitationsController {
  constructor(@Optional() private readonly users?: UsersService) {}

  @Post()
  @ForAdmins()
  @Fresh('5m')
  @ApiAction({
    id: 'inviteUser',
    summary: 'Invite a user',
    description:
      'For administrators. Creates an account without a password, and sends a mail with a token for `POST /password/reset`, valid for 72 hours. For an account that was invited before and has no password yet, sends the mail again and changes nothing else.',
    refusals: ['email_taken'],
  })
  @ApiAnswer(201, { type: UserDto, description: 'The user.' })
  async invite(
    @CurrentInitiator() by: Initiator,
    @ValidBody(InviteUserDto) { email, first_name, last_name, role }: Readonly<InviteUserDto>,
  ) {
    // An application with a directory of its own adds its users itself.
    if (!this.users) throw new DomainError('not_found');
    const details = { email, firstName: first_name ?? null, lastName: last_name ?? null };
    return userJson(await this.users.invite(details, role, by), true);
  }
}
