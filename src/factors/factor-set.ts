import { randomBytes } from 'node:crypto';
import { StoreUnavailableError } from '../common/domain-error.js';
import { jsonIn } from '../common/json.js';
import { isRecord } from '../common/options.js';
import type { ProofKind } from '../sessions/proofs.js';
import type { FactorEntry } from './factor-store.js';

/** An authenticator app. Times are epoch milliseconds. */
export interface TotpFactor {
  /** The secret, encrypted. */
  readonly secret: string;
  readonly createdAt: number;
  /** The time step of the last code that was accepted. */
  readonly lastStep: number;
}

/** Recovery codes that are not used yet. */
export interface RecoveryCodes {
  readonly hashes: readonly string[];
  readonly createdAt: number;
}

export interface Passkey {
  /** The id of the credential, base64url. */
  readonly id: string;
  /** COSE, base64url. */
  readonly publicKey: string;
  /** The signature counter; 0 if the authenticator has none. */
  readonly counter: number;
  readonly transports: readonly string[];
  readonly name: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  /** Whether it is kept by a service that gives it to other devices of the person. */
  readonly isBackedUp: boolean;
}

/** The second factors of a user. */
export interface FactorSet {
  /** The user handle of WebAuthn: 64 random bytes, base64url (Web Authentication Level 3, section 14.6.1). */
  readonly handle: string;
  readonly totp: TotpFactor | null;
  readonly recovery: RecoveryCodes | null;
  readonly passkeys: readonly Passkey[];
}

export function newFactorSet(): FactorSet {
  return { handle: randomBytes(64).toString('base64url'), totp: null, recovery: null, passkeys: [] };
}

/** Whether a sign-in needs a second step. Recovery codes alone are no factor. */
export function isEnrolled({ totp, passkeys }: FactorSet): boolean {
  return totp !== null || passkeys.length > 0;
}

/** The proofs that the user can give in a second step. */
export function kindsIn({ totp, recovery, passkeys }: FactorSet): readonly ProofKind[] {
  return [
    ...(passkeys.length > 0 ? ['passkey' as const] : []),
    ...(totp ? ['totp' as const] : []),
    ...(recovery && recovery.hashes.length > 0 ? ['recovery_code' as const] : []),
  ];
}

export function entryOf(set: FactorSet): FactorEntry {
  const { handle, ...factors } = set;
  return { handle, text: JSON.stringify(factors) };
}

/** The set of an entry. Throws `StoreUnavailableError` if it cannot be read: nobody may sign in without the factors in it. */
export function setIn({ handle, text }: FactorEntry): FactorSet {
  const found = jsonIn(text);
  const { totp, recovery, passkeys } = isRecord(found) ? found : {};
  const isSound =
    (totp === null || isTotp(totp)) &&
    (recovery === null || isRecovery(recovery)) &&
    Array.isArray(passkeys) &&
    passkeys.every(isPasskey);
  if (!isSound) throw new StoreUnavailableError(new Error('The stored factors of a user cannot be read.'));
  return { handle, totp, recovery, passkeys } as FactorSet;
}

function isTotp(value: unknown): boolean {
  return (
    isRecord(value) && isText(value['secret']) && isCount(value['createdAt']) && isCount(value['lastStep'])
  );
}

function isRecovery(value: unknown): boolean {
  return (
    isRecord(value) &&
    Array.isArray(value['hashes']) &&
    value['hashes'].every(isText) &&
    isCount(value['createdAt'])
  );
}

function isPasskey(value: unknown): boolean {
  return (
    isRecord(value) &&
    [value['id'], value['publicKey'], value['name']].every(isText) &&
    [value['counter'], value['createdAt']].every(isCount) &&
    (value['lastUsedAt'] === null || isCount(value['lastUsedAt'])) &&
    typeof value['isBackedUp'] === 'boolean' &&
    Array.isArray(value['transports']) &&
    value['transports'].every(isText)
  );
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
