import { IsNotEmpty, IsString, MaxLength } from 'class-validator';
import { ApiField } from '../../api-notes.js';

/** The address or user name of an account that may exist. */
export class AskForMailDto {
  @ApiField({ maxLength: 254, description: 'What the person signs in with.', example: 'ann@example.com' })
  @MaxLength(254)
  @IsString()
  @IsNotEmpty()
  readonly email!: string;
}

export class EmailTokenDto {
  @ApiField({ maxLength: 1000, description: 'The token of the link in the mail.' })
  @MaxLength(1000)
  @IsString()
  @IsNotEmpty()
  readonly token!: string;
}
