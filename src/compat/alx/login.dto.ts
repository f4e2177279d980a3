import { IsNotEmpty, IsString } from 'class-validator';

export class AlxLoginDto {
  @IsString()
  @IsNotEmpty()
  readonly email!: string;

  @IsString()
  @IsNotEmpty()
  readonly password!: string;
}
