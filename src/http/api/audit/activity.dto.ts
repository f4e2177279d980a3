import { IsIn, IsOptional, ValidateBy, type ValidationArguments } from 'class-validator';
import { AUDIT_REASONS, AUDIT_TYPES, type AuditReason, type AuditType } from '../../../audit/audit-event.js';
import type { AuditCount, AuditSpan } from '../../../audit/audit-store.js';
import { parseDuration } from '../../../common/duration.js';
import { ApiField } from '../../api-notes.js';
import { IsInstant } from '../../is-instant.js';
import { AuditTypes, IsAfterFrom } from './list-audit-events.dto.js';

/** The lengths of an interval. Repeated events are counted together for ten minutes. */
const STEPS = ['10m', '1h', '1d'] as const;

type Step = (typeof STEPS)[number];

/** Enough for a year in days, or two weeks in hours. */
const MOST_INTERVALS = 400;

/** At most as long after `from` as there may be intervals. */
const IsWithinIntervals = (): PropertyDecorator =>
  ValidateBy({
    name: 'isWithinIntervals',
    validator: {
      validate: (value: unknown, { object }: ValidationArguments) => {
        const { from, step = '1h' } = object as ActivityDto;
        const length = Date.parse(String(value)) - Date.parse(from);
        return !STEPS.includes(step) || !(length > MOST_INTERVALS * parseDuration(step));
      },
      defaultMessage: () => `must be at most ${MOST_INTERVALS} steps after from`,
    },
  });

export class ActivityDto {
  @ApiField({
    format: 'date-time',
    description: 'Where the first interval begins.',
    example: '2026-11-01T00:00:00Z',
  })
  @IsInstant()
  readonly from!: string;

  @ApiField({
    format: 'date-time',
    description: `Where the last interval ends, at most ${MOST_INTERVALS} steps after \`from\`.`,
    example: '2026-11-02T00:00:00Z',
  })
  @IsWithinIntervals()
  @IsAfterFrom()
  @IsInstant()
  readonly to!: string;

  @ApiField({
    required: false,
    enum: [...STEPS],
    description: 'How long an interval is: ten minutes, an hour (the default) or 24 hours.',
  })
  @IsOptional()
  @IsIn(STEPS)
  readonly step?: Step;

  @AuditTypes()
  readonly type?: AuditType[];
}

/** The schema of how often events of one type and reason happened. */
class EventCountDto {
  @ApiField({ enum: [...AUDIT_TYPES] })
  readonly type!: AuditType;

  @ApiField({ enum: [...AUDIT_REASONS], nullable: true, description: 'Null for events without a reason.' })
  readonly reason!: AuditReason | null;

  @ApiField({ type: 'integer', minimum: 1 })
  readonly count!: number;
}

/** The schema of an interval. */
export class ActivityIntervalDto {
  @ApiField({ format: 'date-time', description: 'Where the interval begins.' })
  readonly at!: string;

  @ApiField({ type: [EventCountDto], description: 'What happened in it, in order of types and reasons.' })
  readonly counts!: EventCountDto[];
}

/** The intervals of a query. */
export function spanOf({ from, to, step = '1h' }: Readonly<ActivityDto>): AuditSpan {
  return { from: new Date(from), to: new Date(to), step: parseDuration(step) };
}

/** The JSON of all intervals of a span, also of those without events. */
export function activityJson(
  { from, to, step }: AuditSpan,
  counts: readonly AuditCount[],
): ActivityIntervalDto[] {
  const intervals = Array.from(
    { length: Math.ceil((to.getTime() - from.getTime()) / step) },
    (_, index): ActivityIntervalDto => ({
      at: new Date(from.getTime() + index * step).toISOString(),
      counts: [],
    }),
  );
  for (const { interval, type, reason, count } of counts)
    intervals[interval]?.counts.push({ type, reason, count });
  for (const interval of intervals) interval.counts.sort(inOrder);
  return intervals;
}

function inOrder(a: EventCountDto, b: EventCountDto): number {
  const [one, other] = [`${a.type} ${a.reason ?? ''}`, `${b.type} ${b.reason ?? ''}`];
  return Number(one > other) - Number(one < other);
}
