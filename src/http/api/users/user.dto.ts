import { ApiField } from '../../api-notes.js';

/** The schema of the JSON that `userJson` returns. */
export class UserDto {
  @ApiField({ format: 'uuid', example: '90854fe2-bb22-48a3-922a-62bcfad8c714' })
  readonly id!: string;

  @ApiField({ format: 'email', example: 'ann@example.com' })
  readonly email!: string;

  @ApiField({ description: 'Whether the user has proved that the address is theirs.', example: true })
  readonly email_verified!: boolean;

  @ApiField({ type: String, nullable: true, example: 'Ann' })
  readonly first_name!: string | null;

  @ApiField({ type: String, nullable: true, example: 'Lee' })
  readonly last_name!: string | null;

  @ApiField({ format: 'date-time', example: '2026-11-21T22:27:33.039Z' })
  readonly created_at!: string;

  @ApiField({ format: 'date-time', example: '2026-11-21T22:27:33.039Z' })
  readonly updated_at!: string;

  @ApiField({ description: 'One of the roles of this server, or one that it had.', example: 'user' })
  readonly role!: string;

  @ApiField({ required: false, description: 'Shown to administrators.', example: false })
  readonly disabled?: boolean;

  @ApiField({
    required: false,
    format: 'email',
    description: 'The new address, which has to be confirmed. Only in the answer to the change.',
  })
  readonly pending_email?: string;
}
