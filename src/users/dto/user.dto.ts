import { ApiField } from '../../common/api-notes.js';
import type { Role } from '../user.js';

/** A user in answers, for the API's description; `userJson` makes them. */
export class UserDto {
  @ApiField({ format: 'uuid' })
  readonly id!: string;

  @ApiField({ format: 'email' })
  readonly email!: string;

  @ApiField({ type: String, nullable: true })
  readonly first_name!: string | null;

  @ApiField({ type: String, nullable: true })
  readonly last_name!: string | null;

  @ApiField({ format: 'date-time' })
  readonly created_at!: string;

  @ApiField({ format: 'date-time' })
  readonly updated_at!: string;

  @ApiField({ required: false, enum: ['user', 'admin'] })
  readonly role?: Role;

  @ApiField({ required: false, description: 'Shown to administrators.' })
  readonly disabled?: boolean;
}
