import { Injectable, Logger, type OnModuleInit, Optional, SetMetadata } from '@nestjs/common';
import { type DiscoveryService, ModulesContainer } from '@nestjs/core';
import type { AuditDetails, AuditFacts, AuditType } from './audit-event.js';
import { AuditTrail } from './audit-trail.js';
import { type Initiator, PROGRAM, type RecordedInitiator } from './initiator.js';

/** The name of each security event for `@OnSecurityEvent()`, by its type in the audit trail. */
const NAMES = {
  sign_in: 'sign_in.succeeded',
  sign_in_failed: 'sign_in.failed',
  sign_in_throttled: 'sign_in.throttled',
  sign_out: 'sign_out',
  session_opened: 'session.opened',
  session_rotated: 'session.rotated',
  session_renamed: 'session.renamed',
  session_ended: 'session.ended',
  second_step_begun: 'second_step.begun',
  second_step_failed: 'second_step.failed',
  factor_added: 'factor.added',
  factor_removed: 'factor.removed',
  factors_reset: 'factors.reset',
  recovery_codes_created: 'recovery_codes.created',
  passkey_copied: 'passkey.copied',
  step_up_demanded: 'step_up.demanded',
  reauthenticated: 'reauthentication.succeeded',
  reauthentication_failed: 'reauthentication.failed',
  password_changed: 'password.changed',
  password_change_failed: 'password.change_failed',
  password_reset_requested: 'password_reset.requested',
  password_reset_issued: 'password_reset.issued',
  password_reset: 'password_reset.succeeded',
  password_reset_failed: 'password_reset.failed',
  email_verified: 'email.verified',
  email_change_requested: 'email.change_requested',
  email_changed: 'email.changed',
  email_change_cancelled: 'email.change_cancelled',
  email_token_refused: 'email.token_refused',
  mail_limited: 'mail.limited',
  address_taken: 'address.taken',
  role_changed: 'role.changed',
  user_created: 'user.created',
  user_invited: 'user.invited',
  user_disabled: 'user.disabled',
  user_enabled: 'user.enabled',
  user_deleted: 'user.deleted',
  cross_site_refused: 'cross_site.refused',
  right_refused: 'right.refused',
  setup_code_refused: 'setup_code.refused',
  audit_exported: 'audit.exported',
} as const satisfies Readonly<Record<AuditType, string>>;

/** The names of events of earlier versions, which are not emitted any more. */
type Retired = 'sign_out';

export type SecurityEventName = Exclude<(typeof NAMES)[AuditType], Retired>;

/** The names of all events. */
export const SECURITY_EVENTS = Object.values(NAMES).filter((name) => name !== NAMES.sign_out) as [
  SecurityEventName,
  ...SecurityEventName[],
];

/** A security event, as listeners get it. Contains nothing secret. */
export interface SecurityEvent<Name extends SecurityEventName = SecurityEventName> {
  readonly name: Name;
  /** The user that it concerns; null if there is none or it is unknown. */
  readonly subjectId: string | null;
  /** The public id of the session that it concerns; null if it concerns none. */
  readonly sessionId: string | null;
  readonly details: AuditDetails;
  /** Who caused it, and from where. */
  readonly by: RecordedInitiator;
}

/** How many events are stored in one step, such as those of all sessions of a user. */
const AT_A_TIME = 500;

const LISTENS_TO = 'coatcheck:listens-to';

/**
 * Calls a method of a provider or controller after each security event of these names. The change is stored by then, so an
 * error of the method is only logged. The answer to the client does not wait for it. The provider must have the default scope.
 */
export const OnSecurityEvent =
  <Name extends SecurityEventName>(...names: [Name, ...Name[]]) =>
  <Method extends (event: SecurityEvent<Name>) => unknown>(
    target: object,
    key: string | symbol,
    method: TypedPropertyDescriptor<Method>,
  ): void =>
    void SetMetadata(LISTENS_TO, [...namesOf(method.value), ...names])(target, key, method);

type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];

interface Listener {
  readonly names: readonly SecurityEventName[];
  call(event: SecurityEvent): unknown;
}

/** Tells the audit trail and the listeners of the application what happened. Without both, it does nothing. */
@Injectable()
export class SecurityEvents implements OnModuleInit {
  readonly #logger = new Logger('SecurityEvents');
  #listeners: readonly Listener[] | null = null;

  constructor(
    @Optional() private readonly trail?: AuditTrail,
    @Optional() private readonly modules?: ModulesContainer,
  ) {}

  /** Refuses to start if a listener would never be called. Looks again, because an event may precede some instances. */
  onModuleInit(): void {
    const faults = [...faultsIn(this.modules)];
    if (faults.length > 0) throw new Error(faults.join('\n'));
    this.#listeners = [...listenersIn(this.modules)];
  }

  /** Call it after the change is stored. Never throws. Up to 500 events are stored in one step. */
  async emit(events: AuditFacts | readonly AuditFacts[], by: Initiator = PROGRAM): Promise<void> {
    const all = [events].flat();
    if (all.length === 0) return;
    for (let start = 0; start < all.length; start += AT_A_TIME)
      await this.trail?.record(all.slice(start, start + AT_A_TIME), by);
    this.#listeners ??= [...listenersIn(this.modules)];
    if (this.#listeners.length > 0) for (const facts of all) this.#tell(eventOf(facts, by));
  }

  #tell(event: SecurityEvent): void {
    for (const { names, call } of this.#listeners ?? [])
      if (names.includes(event.name)) void this.#call(call, event);
  }

  async #call(call: Listener['call'], event: SecurityEvent): Promise<void> {
    try {
      await call(event);
    } catch (error) {
      this.#logger.error({ event: event.name, failed: 'a listener', err: error });
    }
  }
}

function eventOf(
  { type, subjectId, sessionId = null, details = {} }: AuditFacts,
  { connection: _, languages: _languages, ...by }: Initiator,
): SecurityEvent {
  return { name: NAMES[type] as SecurityEventName, subjectId, sessionId, details, by };
}

/** The decorated methods of all providers and controllers that exist once. */
function* listenersIn(modules: ModulesContainer | undefined): Generator<Listener> {
  const seen = new Set<unknown>();
  for (const wrapper of wrappersIn(modules)) {
    const instance: unknown = isSingle(wrapper) ? wrapper.instance : null;
    if (typeof instance !== 'object' || instance === null || seen.has(instance)) continue;
    seen.add(instance);
    for (const method of methodsOf(Object.getPrototypeOf(instance) as object | null))
      yield { names: namesOf(method), call: (event) => Reflect.apply(method, instance, [event]) };
  }
}

/** A sentence for each decorated method of a class of which there is no single instance. */
function* faultsIn(modules: ModulesContainer | undefined): Generator<string> {
  for (const wrapper of wrappersIn(modules)) {
    if (isSingle(wrapper) || typeof wrapper.metatype !== 'function') continue;
    for (const { name } of methodsOf(wrapper.metatype.prototype as object | undefined))
      yield (
        `${wrapper.name}.${name} has @OnSecurityEvent(), but Nest makes a new ${wrapper.name} for each request or user ` +
        'of it, so there is none to call. Move the method to a provider of the default scope.'
      );
  }
}

function* wrappersIn(modules: ModulesContainer | undefined): Generator<InstanceWrapper> {
  for (const { providers, controllers } of modules?.values() ?? []) {
    yield* providers.values();
    yield* controllers.values();
  }
}

function isSingle(wrapper: InstanceWrapper): boolean {
  return wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
}

function namesOf(method: object | undefined): readonly SecurityEventName[] {
  return (method && (Reflect.getMetadata(LISTENS_TO, method) as SecurityEventName[] | undefined)) ?? [];
}

/** The decorated methods of a prototype and of those that it extends. Reads no getters. */
function methodsOf(start: object | null | undefined): Set<(...args: unknown[]) => unknown> {
  const methods = new Map<string | symbol, (...args: unknown[]) => unknown>();
  for (
    let prototype = start;
    prototype && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype) as object | null
  )
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype)))
      if (typeof value === 'function' && !methods.has(name)) methods.set(name, value);
  return new Set([...methods.values()].filter((method) => namesOf(method).length > 0));
}
