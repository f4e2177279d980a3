import { applyDecorators } from '@nestjs/common';
import { IsNotEmpty, IsOptional, IsString, Matches, MaxLength } from 'class-validator';

/** A name of a person, or null. */
const IsAlxName = () =>
  applyDecorators(
    IsOptional(),
    IsString(),
    MaxLength(200),
    Matches(/^\P{Cc}*$/u, { message: 'must not contain control characters' }),
  );

/** The fields of a user that can be changed. */
export class AlxUpdateUserDto {
  @IsAlxName()
  readonly first_name?: string | null;

  @IsAlxName()
  readonly last_name?: string | null;
}

export class AlxCreateUserDto {
  @MaxLength(254)
  @IsString()
  @IsNotEmpty()
  readonly email!: string;

  @IsString()
  @IsNotEmpty()
  readonly password!: string;

  @IsAlxName()
  readonly first_name?: string | null;

  @IsAlxName()
  readonly last_name?: string | null;
}
