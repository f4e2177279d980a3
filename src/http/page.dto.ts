import { Transform } from 'class-transformer';
import { IsInt, IsOptional, Max, Min, ValidateBy } from 'class-validator';
import { ApiField } from './api-notes.js';
import { positionOf } from '../common/cursor.js';

/** How much of a list is asked for. */
export class LimitDto {
  @ApiField({ required: false, type: 'integer', minimum: 1, maximum: 100, default: 100 })
  @IsOptional()
  @Transform(({ value }) => (/^\d{1,3}$/.test(String(value)) ? Number(value) : NaN))
  @Max(100)
  @Min(1)
  @IsInt()
  readonly limit?: number;
}

/** A part of a list that is ordered by creation and then id. */
export class PageDto extends LimitDto {
  @ApiField({ required: false, description: 'The `Next-Cursor` header of the previous page.' })
  @IsOptional()
  @IsCursor((value) => positionOf(value) !== null)
  readonly cursor?: string;
}

/** A place in a list that the page before has named. */
export function IsCursor(isOne: (value: string) => boolean): PropertyDecorator {
  return ValidateBy({
    name: 'isCursor',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && value.length <= 200 && isOne(value),
      defaultMessage: () => 'This is not a cursor of this list. Use the `Next-Cursor` of the previous page',
    },
  });
}

/**
 * Tells a client where the next page is: in `Link` (RFC 8288), relative to the URL that the client itself asked, and the
 * cursor alone in `Next-Cursor`. What is undefined is left out of the query.
 */
export function linkToNext(
  response: { setHeader(name: string, value: string): unknown },
  query: Readonly<Record<string, string | number | undefined>> & { readonly cursor: string },
): void {
  const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  response.setHeader('Link', `<?${new URLSearchParams(given)}>; rel="next"`);
  response.setHeader('Next-Cursor', query.cursor);
}
