import type { TotpSetup } from '../../../factors/authenticator-apps.js';
import { type FactorSet, type Passkey, isEnrolled } from '../../../factors/factor-set.js';
import type { FactorAnswer } from '../../../factors/second-steps.js';
import { invalid } from '../../../common/domain-error.js';
import type { FactorsDto, PasskeyDto, ProofDto, TotpSetupDto } from './factors.dto.js';

/** The JSON of the factors of a user, without secrets. */
export function factorsJson(set: FactorSet | null, required: boolean): FactorsDto {
  const { totp, recovery, passkeys } = set && isEnrolled(set) ? set : NONE;
  return {
    totp: totp && { created_at: timestamp(totp.createdAt) },
    passkeys: passkeys.map(passkeyJson),
    recovery_codes: recovery && { left: recovery.hashes.length, created_at: timestamp(recovery.createdAt) },
    required,
  };
}

export function passkeyJson({ id, name, createdAt, lastUsedAt, isBackedUp }: Passkey): PasskeyDto {
  return {
    id,
    name,
    created_at: timestamp(createdAt),
    last_used_at: lastUsedAt === null ? null : timestamp(lastUsedAt),
    backed_up: isBackedUp,
  };
}

export function setupJson({ secret, uri, qrCode }: TotpSetup): TotpSetupDto {
  return { secret, uri, qr_code: qrCode };
}

/** The one proof that was sent. Null is nothing. */
export function answerIn({ code, recovery_code, credential }: Readonly<ProofDto>): FactorAnswer {
  const answers: FactorAnswer[] = [
    ...(isGiven(code) ? [{ kind: 'totp' as const, code }] : []),
    ...(isGiven(recovery_code) ? [{ kind: 'recovery_code' as const, code: recovery_code }] : []),
    ...(isGiven(credential) ? [{ kind: 'passkey' as const, credential }] : []),
  ];
  const [answer] = answers;
  if (!answer || answers.length > 1)
    throw invalid('/code', 'Send one of `code`, `recovery_code` and `credential`.');
  return answer;
}

function isGiven<T>(value: T): value is NonNullable<T> {
  return value !== undefined && value !== null;
}

const NONE = { totp: null, recovery: null, passkeys: [] };

function timestamp(at: number): string {
  return new Date(at).toISOString();
}
