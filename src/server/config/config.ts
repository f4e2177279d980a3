import type { AuditOptions } from '../../audit/audit-options.js';
import type { AuthOptions } from '../../auth/auth-options.js';
import type { HttpOptions } from '../http/http-options.js';
import type { SessionsOptions } from '../../sessions/sessions-options.js';
import type { StorageOptions } from '../../storage/storage-options.js';
import type { Environment } from './environment.js';
import type { UsersOptions } from '../../users/users-options.js';

/** All that the environment decides, one part for each module. */
export interface Config {
  readonly production: boolean;
  /** The contract that is to be served. */
  readonly compat: Environment['AUTH_COMPAT'];
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
  /** How many processes serve. */
  readonly workers: number;
  /** The setup code if it was made up, so that it has to be shown; null where the operator knows it or there is none. */
  readonly newSetupCode: string | null;
  /** One sentence for each variable that looks misspelt or meant for other software; by name, never by value. */
  readonly warnings: readonly string[];
  readonly auth: AuthOptions;
  readonly users: UsersOptions;
  readonly sessions: SessionsOptions;
  readonly storage: StorageOptions;
  readonly audit: AuditOptions;
  readonly http: HttpOptions;
}

/** The configuration cannot be used; the message lists all that is wrong with it, by name. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(problems: readonly string[]) {
    super(
      `The configuration is not valid. Correct these variables:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    );
  }
}
