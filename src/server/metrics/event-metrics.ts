import type { Registry } from 'prom-client';
import type { AuditDetails } from '../../audit/audit-event.js';
import { OnSecurityEvent, SECURITY_EVENTS, type SecurityEvent } from '../../audit/security-events.js';
import { register } from './registry.js';

const METHODS = ['login', 'basic', 'application', 'second_step', 'passkey'] as const;

/** The reasons that have a series from the start, so that their first increase can be seen. */
const REASONS = [
  'unknown_email',
  'wrong_password',
  'malformed',
  'email_not_verified',
  'second_factor_missing',
  'session_limit_reached',
  'user_disabled',
  'throttled',
] as const;

const UNKNOWN = 'unknown';

type Method = NonNullable<AuditDetails['method']> | typeof UNKNOWN;
type Reason = NonNullable<AuditDetails['reason']> | 'throttled' | typeof UNKNOWN;

/** Counts security events. It hears them whether or not there is an audit trail. */
export class EventMetrics {
  readonly #events = zeros<string>(SECURITY_EVENTS);
  readonly #signIns = zeros<Method>(METHODS);
  readonly #failures = zeros<Reason>(REASONS);

  constructor(registry: Registry) {
    const family = (name: string, help: string, label: string, counts: ReadonlyMap<string, number>) =>
      register(registry, {
        name,
        help,
        type: 'counter',
        aggregator: 'sum',
        read: () => [...counts].map(([key, value]) => ({ labels: { [label]: key }, value })),
      });
    family('coatcheck_sign_ins_total', 'Successful sign-ins.', 'method', this.#signIns);
    family('coatcheck_sign_in_failures_total', 'Failed and throttled sign-ins.', 'reason', this.#failures);
    family('coatcheck_security_events_total', 'Security events of all kinds.', 'event', this.#events);
  }

  @OnSecurityEvent(...SECURITY_EVENTS)
  note({ name, details }: SecurityEvent): void {
    const { method = UNKNOWN, reason = UNKNOWN }: { method?: Method; reason?: Reason } = details;
    increase(this.#events, name);
    if (name === 'sign_in.succeeded') increase(this.#signIns, method);
    if (name === 'sign_in.failed') increase(this.#failures, reason);
    if (name === 'sign_in.throttled') increase(this.#failures, 'throttled');
  }
}

function zeros<Key extends string>(keys: readonly Key[]): Map<Key, number> {
  return new Map(keys.map((key) => [key, 0]));
}

function increase<Key extends string>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
