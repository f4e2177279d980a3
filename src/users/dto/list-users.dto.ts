import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { ApiField } from '../../common/api-notes.js';

export class ListUsersDto {
  @ApiField({ required: false, type: 'integer', minimum: 1, maximum: 100, default: 100 })
  @IsOptional()
  @Transform(({ value }) => (/^\d{1,3}$/.test(String(value)) ? Number(value) : NaN))
  @Max(100)
  @Min(1)
  @IsInt()
  readonly limit?: number;

  @ApiField({ required: false, description: 'From the `Link` header of the page before.' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  readonly cursor?: string;
}
