import { FactorsOptions, SERVICE } from '../../factors/factors-options.js';
import { SENDER } from '../../mail/mail-options.js';
import type { Rule } from './compat-rules.js';
import { type Settings, hasSessions } from './derived-defaults.js';
import type { Environment } from './environment.js';

/** Encrypts the secrets of authenticator apps in development. Everyone knows it. */
const KEY_FOR_DEVELOPMENT = 'the key of factors for development only';

/** The variables that have no effect without second factors. */
const OF_FACTORS = ['MFA_METHODS', 'PASSKEY_RP_ID', 'PASSKEY_ORIGINS'] as const;

/** Problems with combinations of the variables of second factors. */
export function factorContradictions(given: Environment, settings: Settings): Rule[] {
  const { MFA, MFA_METHODS, PASSKEY_ORIGINS, AUTH_COMPAT } = settings;
  const isOn = MFA !== 'off';
  const rpId = rpIdOf(settings);
  const isForeign = (origin: string) => {
    const { hostname } = new URL(origin);
    return hostname !== rpId && !hostname.endsWith(`.${rpId}`);
  };
  return [
    ['MFA', isOn && AUTH_COMPAT !== 'standard', 'this API contract has no second factors; set it to off'],
    [
      'MFA',
      isOn && AUTH_COMPAT === 'standard' && !hasSessions(settings.AUTH_TYPE),
      'a second factor needs a strategy with sessions; choose another AUTH_TYPE, or set this to off',
    ],
    ['MFA_METHODS', MFA_METHODS.length === 0, 'must have totp, passkey or both'],
    [
      'FACTOR_KEY',
      isOn &&
        settings.NODE_ENV === 'production' &&
        MFA_METHODS.includes('totp') &&
        settings.FACTOR_KEY === undefined,
      'is needed in production, where it encrypts the secrets of authenticator apps; set at least 32 random characters and keep a copy, or set MFA_METHODS=passkey, or MFA=off',
    ],
    [
      'PASSKEY_ORIGINS',
      isOn && MFA_METHODS.includes('passkey') && PASSKEY_ORIGINS.length === 0,
      'passkeys need the origins of your pages, such as https://app.example.com',
    ],
    [
      'PASSKEY_RP_ID',
      rpId !== null && PASSKEY_ORIGINS.filter((origin) => URL.canParse(origin)).some(isForeign),
      'must be the host of PASSKEY_ORIGINS, or a domain above it',
    ],
    ...OF_FACTORS.map((name): Rule => [
      name,
      !isOn && given[name] !== undefined,
      'has no effect, because second factors are off; remove it, or set MFA to optional',
    ]),
  ];
}

/** The options of second factors; false if there are none. */
export function factorOptionsOf(settings: Settings): FactorsOptions | false {
  const { MFA, MFA_METHODS, PASSKEY_ORIGINS } = settings;
  if (MFA === 'off') return false;
  const rpId = rpIdOf(settings);
  const totp = MFA_METHODS.includes('totp');
  const key = settings.FACTOR_KEY ?? (settings.NODE_ENV === 'production' ? null : KEY_FOR_DEVELOPMENT);
  return new FactorsOptions({
    policy: MFA,
    service: serviceOf(settings, rpId),
    key,
    previousKeys: settings.FACTOR_KEY_PREVIOUS ?? [],
    totp,
    passkeys: MFA_METHODS.includes('passkey') && rpId !== null ? { rpId, origins: PASSKEY_ORIGINS } : null,
    basic: settings.MFA_BASIC === 'on',
  });
}

/** The host that passkeys belong to; null without origins. */
function rpIdOf({ PASSKEY_RP_ID, PASSKEY_ORIGINS: [first] }: Settings): string | null {
  return PASSKEY_RP_ID ?? (first !== undefined && URL.canParse(first) ? new URL(first).hostname : null);
}

/** The name for people: what is set, the name in the sender of mails, or the host. */
function serviceOf({ SERVICE_NAME, MAIL_FROM = '' }: Settings, rpId: string | null): string {
  const [, name] = SENDER.exec(MAIL_FROM) ?? [];
  return SERVICE_NAME ?? (name !== undefined && SERVICE(name) === null ? name : (rpId ?? 'Coatcheck'));
}
