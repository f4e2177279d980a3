import { Transform } from 'class-transformer';
import { IsInt, IsOptional, Max, Min, ValidateBy } from 'class-validator';
import { ApiField } from './api-notes.js';
import type { ResponseHeaders } from '../auth/exchange/response-headers.js';
import { positionOf } from '../common/cursor.js';

/** The number of items of a page. */
export const IsLimit = (): PropertyDecorator => (target, name) => {
  ApiField({ required: false, type: 'integer', minimum: 1, maximum: 100, default: 100 })(target, name);
  for (const decorate of [
    IsOptional(),
    Transform(({ value }) => (/^\d{1,3}$/.test(String(value)) ? Number(value) : NaN)),
    Max(100),
    Min(1),
    IsInt(),
  ])
    decorate(target, name);
};

/** The query parameter `limit` of a list. */
export class LimitDto {
  @IsLimit()
  readonly limit?: number;
}

/** The query parameters of a list that is ordered by creation, then id. */
export class PageDto extends LimitDto {
  @ApiField({ required: false, description: 'The `Next-Cursor` header of the previous page.' })
  @IsOptional()
  @IsCursor((value) => positionOf(value) !== null)
  readonly cursor?: string;
}

/** A cursor that the previous page returned. */
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
 * Sets the headers for the next page: `Link` (RFC 8288), relative to the URL of the request, and `Next-Cursor` with only the
 * cursor. Undefined values are left out of the query.
 */
export function linkToNext(
  headers: ResponseHeaders,
  query: Readonly<Record<string, string | number | boolean | undefined>> & { readonly cursor: string },
): void {
  const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  headers.setHeader('Link', `<?${new URLSearchParams(given)}>; rel="next"`);
  headers.setHeader('Next-Cursor', query.cursor);
}
