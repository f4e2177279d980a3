import { IsNotEmpty, IsString } from 'class-validator';

export class AlxChangePasswordDto {
  @IsString()
  @IsNotEmpty()
  readonly current_password!: string;

  @IsString()
  @IsNotEmpty()
  readonly new_password!: string;
}
