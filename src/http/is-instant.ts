import { ValidateBy, isISO8601 } from 'class-validator';

const FORM = /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/;

/** A date, or a date and time with a time zone (RFC 3339). A date without a time means its beginning in UTC. */
export const IsInstant = (): PropertyDecorator =>
  ValidateBy({
    name: 'isInstant',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'string' &&
        FORM.test(value) &&
        isISO8601(value, { strict: true, strictSeparator: true }) &&
        !Number.isNaN(Date.parse(value)),
      defaultMessage: () =>
        'must be a date (2027-01-31), or a date and time with a time zone (2027-01-31T12:00:00Z)',
    },
  });
