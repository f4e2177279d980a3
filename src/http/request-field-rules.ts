import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { type FieldRule, FieldRules } from './field-rules.js';
import { UsersService } from '../users/users.service.js';
import { tokenEndFault } from '../sessions/token-end.js';

/** The rules of bodies that users and the time decide. */
@Injectable()
export class RequestFieldRules extends FieldRules {
  constructor(
    private readonly users: UsersService,
    private readonly clock: Clock,
  ) {
    super();
  }

  faultOf(
    rule: FieldRule,
    value: string,
    body: Readonly<Record<string, unknown>>,
  ): Promise<string | null> | string | null {
    if (rule === 'address') return this.users.addressFault(value);
    if (rule === 'token_end') return tokenEndFault(new Date(value), this.clock.now());
    const owner = {
      email: textOf(body['email']),
      firstName: textOf(body['first_name']),
      lastName: textOf(body['last_name']),
    };
    return this.users.passwordFault(value, owner);
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
