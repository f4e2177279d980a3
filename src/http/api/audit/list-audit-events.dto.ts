import { Transform } from 'class-transformer';
import { IsIn, IsOptional, Matches, ValidateBy, type ValidationArguments } from 'class-validator';
import { AUDIT_REASONS, AUDIT_TYPES, type AuditReason, type AuditType } from '../../../audit/audit-event.js';
import type { AuditFilter } from '../../../audit/audit-store.js';
import { plainAddress } from '../../../common/network.js';
import { isUuidV7 } from '../../../common/uuid-v7.js';
import { ApiField } from '../../api-notes.js';
import { IsInstant } from '../../is-instant.js';
import { IsCursor, IsLimit } from '../../page.dto.js';

/** Texts of a parameter that is repeated, or has commas between them. */
const List = () =>
  Transform(({ value }: { value: unknown }) =>
    [value].flat().flatMap((one) => (typeof one === 'string' ? one.split(',') : [one])),
  );

/** A time after `from`, if that is given. */
export const IsAfterFrom = (): PropertyDecorator =>
  ValidateBy({
    name: 'isAfterFrom',
    validator: {
      validate: (value: unknown, { object }: ValidationArguments) => {
        const from = Date.parse(String((object as { readonly from?: unknown }).from));
        return !(Date.parse(String(value)) <= from);
      },
      defaultMessage: () => 'must be after from',
    },
  });

/** The types of a filter, in a query. */
export const AuditTypes = (): PropertyDecorator => (target, name) => {
  ApiField({
    required: false,
    enum: [...AUDIT_TYPES],
    isArray: true,
    description: 'One or more types. Commas between them do as well.',
    example: ['sign_in_failed', 'sign_in_throttled'],
  })(target, name);
  IsOptional()(target, name);
  IsIn(AUDIT_TYPES, { each: true, message: 'must be types of events' })(target, name);
  List()(target, name);
};

/** The conditions of a filter, in a query. */
export class AuditFilterDto {
  @ApiField({
    required: false,
    description: 'The id of a user: events that the user caused, and events that concern the user.',
  })
  @IsOptional()
  @Matches(/^[\w-]{1,64}$/)
  readonly user?: string;

  @AuditTypes()
  readonly type?: AuditType[];

  @ApiField({
    required: false,
    enum: [...AUDIT_REASONS],
    description: 'Why a sign-in failed or a session ended.',
  })
  @IsOptional()
  @IsIn(AUDIT_REASONS)
  readonly reason?: AuditReason;

  @ApiField({ required: false, description: 'The IP address of the client.', example: '203.0.113.7' })
  @IsOptional()
  @ValidateBy({
    name: 'isAddress',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && plainAddress(value) !== null,
      defaultMessage: () => 'must be an IP address',
    },
  })
  readonly ip?: string;

  @ApiField({
    required: false,
    format: 'date-time',
    description: 'Events that happened first at this time or later.',
    example: '2026-11-01T00:00:00Z',
  })
  @IsOptional()
  @IsInstant()
  readonly from?: string;

  @ApiField({
    required: false,
    format: 'date-time',
    description: 'Events that happened first before this time.',
    example: '2026-12-01T00:00:00Z',
  })
  @IsOptional()
  @IsAfterFrom()
  @IsInstant()
  readonly to?: string;
}

export class ListAuditEventsDto extends AuditFilterDto {
  @IsLimit()
  readonly limit?: number;

  @ApiField({ required: false, description: 'The `Next-Cursor` header of the previous page.' })
  @IsOptional()
  @IsCursor(isUuidV7)
  readonly cursor?: string;
}

/** The filter of a query. */
export function auditFilterOf({ user, type, reason, ip, from, to }: Readonly<AuditFilterDto>): AuditFilter {
  return {
    userId: user ?? null,
    types: type ?? [],
    reason: reason ?? null,
    ip: ip === undefined ? null : plainAddress(ip),
    from: from === undefined ? null : new Date(from),
    to: to === undefined ? null : new Date(to),
  };
}
