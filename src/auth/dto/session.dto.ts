import { ApiField } from '../../common/api-notes.js';
import { UserDto } from '../../users/dto/user.dto.js';

/** A user who signed in; with the ticket, this once, where it is not in `Set-Cookie`. */
export class SignedInUserDto extends UserDto {
  @ApiField({ required: false, description: 'For `Authorization: Bearer`; shown this once.' })
  readonly token?: string;
}
