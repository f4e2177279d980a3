import {
  type Given,
  KEY,
  type Rule,
  type RulesOf,
  assignOptions,
  assertObject,
  flag,
  isRecord,
  listOf,
  oneOf,
  text,
} from '../common/options.js';
import { isLoopbackName } from '../common/network.js';

/** Who needs a second factor. Anyone who has one must use it. */
export const MFA_POLICIES = ['optional', 'required', 'required_for_admins'] as const;

export type MfaPolicy = (typeof MFA_POLICIES)[number];

/** A registrable domain or a host below it, in ASCII (Web Authentication Level 3, section 5.1.2). */
export const RP_ID = text(
  (id) => /^(?!-)[a-z\d-]{1,63}(?:\.[a-z\d-]{1,63})*$/.test(id) && !/^[\d.]+$/.test(id),
  'must be a host name in small letters, such as example.com, without scheme and port',
);

export const PASSKEY_ORIGIN = text(
  (origin) => URL.canParse(origin) && new URL(origin).origin === origin && isSecure(new URL(origin)),
  'must be an origin such as https://app.example.com; http is for localhost only',
);

/** Where passkeys are valid. */
export interface PasskeyOptions {
  /** The host that passkeys belong to (RP ID). They are valid on it and its sub-domains; another one makes them useless. */
  readonly rpId: string;
  /** The origins of the pages that ask for passkeys. */
  readonly origins: readonly string[];
  /** Whether a passkey is refused if its signature counter goes back, which is a sign of a copy. */
  readonly refuseCopies: boolean;
}

const PASSKEYS: Rule = (value) => {
  if (value === null) return null;
  if (!isRecord(value)) return 'must be an object with rpId and origins, or null for no passkeys';
  const { rpId, origins, refuseCopies = true, ...others } = value;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    return `has the unknown property ${unknown}; there are rpId, origins, refuseCopies`;
  const fault = RP_ID(rpId);
  if (fault !== null) return `rpId ${fault}`;
  if (!Array.isArray(origins) || origins.length === 0) return 'origins must be a list of at least one origin';
  const origin = listOf(PASSKEY_ORIGIN)(origins);
  if (origin !== null) return `origins: each ${origin}`;
  const isForeign = (one: string) => {
    const { hostname } = new URL(one);
    return hostname !== rpId && !hostname.endsWith(`.${String(rpId)}`);
  };
  if ((origins as string[]).some(isForeign)) return 'origins must be on the host of rpId or its sub-domains';
  return typeof refuseCopies === 'boolean' ? null : 'refuseCopies must be true or false';
};

export const SERVICE = text(
  (name) => /^[^\p{C}:]{1,60}$/u.test(name),
  'must be a name of 1 to 60 characters, and no colon',
);

const NO_KEY =
  'is missing; it must have at least 32 characters. Without authenticator apps, set totp to false';

const RULES: RulesOf<Omit<FactorsOptions, 'kinds'>> = {
  policy: oneOf(MFA_POLICIES),
  service: SERVICE,
  key: (key, { totp } = {}) => (key === null ? (totp === false ? null : NO_KEY) : KEY(key)),
  previousKeys: listOf(KEY),
  totp: flag,
  passkeys: PASSKEYS,
  basic: flag,
  routes: flag,
};

/** The options of second factors. An option that is left out has the default below; `service` and `key` have none. */
export class FactorsOptions {
  readonly policy: MfaPolicy = 'optional';
  /** The name of your service, which authenticator apps and browsers show. */
  readonly service: string = undefined!;
  /** Encrypts the secrets of authenticator apps: at least 32 characters. Null without `totp`. */
  readonly key: string | null = undefined!;
  /** Earlier keys, which still decrypt. */
  readonly previousKeys: readonly string[] = [];
  /** Whether users can set up authenticator apps. Those that are set up stay valid. */
  readonly totp: boolean = true;
  /** Where passkeys are valid; null for none. */
  readonly passkeys: PasskeyOptions | null = null;
  /** Whether users with factors may send Basic credentials, which have no second factor. */
  readonly basic: boolean = false;
  /** Whether the routes of second factors are served. */
  readonly routes: boolean = true;

  /** The kinds of factors that users can set up. */
  get kinds(): readonly ('totp' | 'passkey')[] {
    const hasApps = this.totp && this.key !== null;
    return [...(hasApps ? ['totp' as const] : []), ...(this.passkeys ? ['passkey' as const] : [])];
  }

  constructor(options: FactorsOptionsGiven) {
    assertObject('FactorsOptions', options);
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    // What has no default is checked, too.
    const all = { service: null, key: null, ...Object.fromEntries(given) };
    assignOptions(this, 'FactorsOptions', all, RULES);
    if (this.passkeys)
      this.passkeys = { ...this.passkeys, refuseCopies: options.passkeys?.refuseCopies ?? true };
  }
}

export type FactorsOptionsGiven = Given<Omit<FactorsOptions, 'passkeys' | 'kinds'>> & {
  readonly passkeys?: (Omit<PasskeyOptions, 'refuseCopies'> & Partial<PasskeyOptions>) | null;
};

function isSecure({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackName(hostname));
}
