import type { Clock } from '../common/clock.js';
import { type FieldRule, FieldRules } from './field-rules.js';
import { addressFault } from '../users/email-address.js';
import type { PasswordsService } from '../users/passwords.service.js';
import { type UsersOptions, faultOfRole } from '../users/users-options.js';
import { tokenEndFault } from '../sessions/token-end.js';

/** The rules of body fields that depend on users or the time. */
export class RequestFieldRules extends FieldRules {
  constructor(
    private readonly passwords: PasswordsService,
    private readonly options: UsersOptions,
    private readonly clock: Clock,
  ) {
    super();
  }

  faultOf(
    rule: FieldRule,
    value: string,
    body: Readonly<Record<string, unknown>>,
  ): Promise<string | null> | string | null {
    if (rule === 'address') return this.options.exactEmails ? null : addressFault(value);
    if (rule === 'role') return faultOfRole(value, this.options);
    if (rule === 'token_end') return tokenEndFault(new Date(value), this.clock.now());
    const owner = {
      email: textOf(body['email']),
      firstName: textOf(body['first_name']),
      lastName: textOf(body['last_name']),
    };
    return this.passwords.passwordFault(value, owner);
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
