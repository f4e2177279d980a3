import type { AuditOptions } from '../../audit/audit-options.js';
import type { AuthOptions } from '../../auth/auth-options.js';
import type { HttpOptions } from '../http/http-options.js';
import type { FactorsOptions } from '../../factors/factors-options.js';
import type { MailOptions } from '../../mail/mail-options.js';
import type { SessionsOptions } from '../../sessions/sessions-options.js';
import type { StorageOptions } from '../../storage/storage-options.js';
import type { Environment } from './environment.js';
import type { UsersOptions } from '../../users/users-options.js';

/** The configuration from the environment, with the options of each module. */
export interface Config {
  readonly production: boolean;
  /** The API contract to serve. */
  readonly compat: Environment['AUTH_COMPAT'];
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
  /** Where metrics are served; null for none. */
  readonly metrics: { readonly host: string; readonly port: number } | null;
  /** Number of processes that serve requests. */
  readonly workers: number;
  /** The generated setup code, to show to the operator; null if the operator has set one or if none is needed. */
  readonly newSetupCode: string | null;
  /** One sentence for each variable that looks misspelt or belongs to other software. Contains names, no values. */
  readonly warnings: readonly string[];
  readonly auth: AuthOptions;
  readonly users: UsersOptions;
  readonly sessions: SessionsOptions;
  readonly storage: StorageOptions;
  readonly audit: AuditOptions;
  /** False if no mails are sent. */
  readonly mail: MailOptions | false;
  /** False if there are no second factors. */
  readonly factors: FactorsOptions | false;
  readonly http: HttpOptions;
}

/** The configuration is not valid. The message lists all problems by variable name, without values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(problems: readonly string[]) {
    super(
      `The configuration is not valid. Correct these variables:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    );
  }
}
