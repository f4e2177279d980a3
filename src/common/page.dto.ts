import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { ApiField } from './api-notes.js';

/** Which part of a list is asked for. */
export class PageDto {
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

/** A `Link` header that names the next page (RFC 8288); what is undefined is left out of its query. */
export function linkToNext(
  path: string,
  query: Readonly<Record<string, string | number | undefined>>,
): string {
  const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return `<${path}?${new URLSearchParams(given)}>; rel="next"`;
}
