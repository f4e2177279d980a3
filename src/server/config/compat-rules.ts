import type { AuthOptions } from '../../auth/auth-options.js';
import type { Limits } from '../../sessions/session-lifetime.js';
import type { UsersOptions } from '../../users/users-options.js';
import type { CompatDefaults, Settings } from './derived-defaults.js';
import type { Environment, Name } from './environment.js';

/** A check of one variable, and how to correct it if it fails. */
export type Rule = readonly [name: Name, isBroken: boolean, cure: string];

/** Defaults, checks and options that depend on the API contract of `AUTH_COMPAT`. */
export interface CompatRules {
  /** The variables that may be empty. */
  readonly mayBeEmpty: readonly string[];
  readonly defaults: (given: Environment) => CompatDefaults;
  readonly contradictions: (given: Environment, settings: Settings) => readonly Rule[];
  readonly lifetime: (settings: Settings) => Limits;
  /** Options that no variable sets. */
  readonly auth: Partial<AuthOptions>;
  readonly users: Partial<UsersOptions>;
}
