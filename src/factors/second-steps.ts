import type { AuditFacts } from '../audit/audit-event.js';
import type { Initiator } from '../audit/initiator.js';
import type { SecurityEvents } from '../audit/security-events.js';
import type { Principal } from '../auth/auth.js';
import { SecondFactor, type SecondStep } from '../auth/second-factor.js';
import type { Clock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { SECOND_FACTORS } from '../sessions/proofs.js';
import type { GuessThrottle } from '../throttle/guess-throttle.js';
import { type Accounts, identityIn } from '../users/accounts.js';
import type { Identity } from '../users/identity.js';
import type { Account } from '../users/user-directory.js';
import { type FactorSet, type Passkey, isEnrolled, kindsIn } from './factor-set.js';
import type { FactorsOptions } from './factors-options.js';
import type { AuthenticatorApps } from './authenticator-apps.js';
import { namesIn } from './passkey-answers.js';
import type { Passkeys } from './passkeys.js';
import { hashOfRecoveryCode } from './recovery-codes.js';
import type { SecretBox } from './secret-box.js';
import type { SetChange, UserFactors } from './user-factors.js';

/** `Retry-After` in seconds, where a key is missing. */
const KEY_NEEDS_AN_OPERATOR = 300;

export type FactorKind = (typeof SECOND_FACTORS)[number];

/** What a client sends as a proof. */
export type FactorAnswer =
  | { readonly kind: 'totp' | 'recovery_code'; readonly code: string }
  | { readonly kind: 'passkey'; readonly credential: unknown };

type CodeAnswer = Extract<FactorAnswer, { code: string }>;

/** Who gives a proof, and where: in a session or in a pending sign-in. */
export interface Prover {
  readonly identity: Identity;
  readonly place: string;
  /** Id of the user the presented session token was issued to; null without one. */
  readonly tokenOwner: string | null;
}

/** Says who needs a second step, and verifies its proofs. */
export class SecondSteps extends SecondFactor {
  constructor(
    private readonly factors: UserFactors,
    private readonly accounts: Accounts,
    private readonly throttle: GuessThrottle,
    private readonly apps: AuthenticatorApps | null,
    private readonly box: SecretBox | null,
    private readonly passkeys: Passkeys | null,
    private readonly options: FactorsOptions,
    private readonly adminRole: string,
    private readonly clock: Clock,
    private readonly events?: SecurityEvents,
  ) {
    super();
  }

  get allowsBasic(): boolean {
    return this.options.basic;
  }

  async following({ account }: Identity): Promise<SecondStep | null> {
    const set = await this.factors.of(account.id);
    if (set && isEnrolled(set)) return { factors: kindsIn(set) };
    return this.demands(account) ? { factors: [] } : null;
  }

  isMissingIn({ account, session }: Principal<object>): boolean {
    return session !== null && this.demands(account) && !SECOND_FACTORS.some((kind) => session.proofs[kind]);
  }

  /** Whether the policy asks a user for a second factor. */
  demands({ roles }: Account): boolean {
    const { policy } = this.options;
    return policy === 'required' || (policy === 'required_for_admins' && roles.includes(this.adminRole));
  }

  /** What a browser needs to answer with one of the user's passkeys. Throws `not_found` if there are none. */
  async passkeyRequest({ identity, place }: Prover): Promise<object> {
    const set = await this.factors.of(identity.account.id);
    if (!this.passkeys || !set || set.passkeys.length === 0) throw new DomainError('not_found');
    return this.passkeys.requestOptions(place, set.passkeys);
  }

  /**
   * Verifies a proof and uses it up. Returns its kind; null if it is not valid, was used before, or came after too many failures of
   * the account. Throws `too_many_attempts` as for passwords.
   */
  async verify(prover: Prover, answer: FactorAnswer, by: Initiator): Promise<FactorKind | null> {
    const { account } = prover.identity;
    if (await this.#isRight(prover, answer, by)) return answer.kind;
    const details = { factor: answer.kind };
    await this.#record({ type: 'second_step_failed', subjectId: account.id, details }, by);
    return null;
  }

  /** What a browser needs to sign in with any passkey that it knows. */
  signInRequest(place: string): Promise<object> {
    if (!this.passkeys) throw new DomainError('not_found');
    return this.passkeys.requestOptions(place, null);
  }

  /** The user who signs in with a passkey; null if the answer is not valid. */
  async signIn(place: string, credential: unknown, by: Initiator): Promise<Identity | null> {
    if (!this.passkeys) throw new DomainError('not_found');
    const attempt = await this.throttle.beginToken(null, by.ip);
    const challenge = await this.passkeys.takeChallenge(place);
    const handle = namesIn(credential)?.handle ?? null;
    const userId = handle === null ? null : await this.factors.ownerOf(handle);
    const known = userId === null ? null : await this.accounts.findById(userId);
    if (known && !known.account.disabled) {
      const identity = identityIn(known);
      if (await this.#usePasskey(identity, challenge, credential, by)) return identity;
    }
    await attempt.fail();
    const facts = { type: 'sign_in_failed', subjectId: known?.account.id ?? null } as const;
    await this.#record({ ...facts, details: { method: 'passkey' } }, by);
    return null;
  }

  #isRight(prover: Prover, answer: FactorAnswer, by: Initiator): Promise<boolean> {
    if (answer.kind === 'passkey') return this.#verifyPasskey(prover, answer.credential, by);
    return answer.kind === 'totp'
      ? this.#verifyTotp(prover, answer, by)
      : this.#verifyRecoveryCode(prover, answer, by);
  }

  async #verifyPasskey(prover: Prover, credential: unknown, by: Initiator): Promise<boolean> {
    const attempt = await this.throttle.beginToken(prover.identity.account.id, by.ip);
    const challenge = (await this.passkeys?.takeChallenge(prover.place)) ?? null;
    const isRight = await this.#usePasskey(prover.identity, challenge, credential, by);
    if (!isRight) await attempt.fail();
    return isRight;
  }

  /** Verifies the answer of a passkey of the user, and records its use. */
  async #usePasskey(
    identity: Identity,
    challenge: string | null,
    credential: unknown,
    by: Initiator,
  ): Promise<boolean> {
    const { id: userId } = identity.account;
    const [set, names] = [await this.factors.of(userId), namesIn(credential)];
    const passkey = set?.passkeys.find(({ id }) => id === names?.id);
    if (!this.passkeys || challenge === null || !set || !names || !passkey) return false;
    if (names.handle !== null && names.handle !== set.handle) return false;
    const use = await this.passkeys.verify(challenge, credential, passkey);
    if (!use) return false;
    if (use.isCopied) {
      await this.#record({ type: 'passkey_copied', subjectId: userId, details: { factor: 'passkey' } }, by);
      if (this.options.passkeys?.refuseCopies) return false;
    }
    const used: Passkey = {
      ...passkey,
      counter: use.counter,
      isBackedUp: use.isBackedUp,
      lastUsedAt: this.clock.now().getTime(),
    };
    // Of racing answers with one counter, the first is stored, and the others are copies.
    const changed = await this.factors.change(identity, by, (now) => {
      const isSame = now.passkeys.some(({ id, counter }) => id === used.id && counter === passkey.counter);
      const passkeys = now.passkeys.map((one) => (one.id === used.id ? { ...used, name: one.name } : one));
      return isSame ? { set: { ...now, passkeys }, notice: null } : null;
    });
    return changed !== null;
  }

  /** A recovery code cannot be guessed, so nothing is counted by user: nobody can keep the owner out. */
  async #verifyRecoveryCode({ identity }: Prover, answer: CodeAnswer, by: Initiator): Promise<boolean> {
    const { id } = identity.account;
    const attempt = await this.throttle.beginToken(id, by.ip);
    const changed = await this.factors.change(identity, by, (now) => this.#use(now, id, answer));
    if (!changed) await attempt.fail();
    return changed !== null;
  }

  /** Checks a code, counts the attempt, and only then uses the code up: a code that is refused stays valid. */
  async #verifyTotp({ identity, tokenOwner }: Prover, answer: CodeAnswer, by: Initiator): Promise<boolean> {
    const { id } = identity.account;
    const set = await this.factors.of(id);
    // Apart from the attempts at the password, which a right password would reset.
    const account = { key: keyOf(id), userId: keyOf(id) };
    const owner = tokenOwner === null ? null : keyOf(tokenOwner);
    const attempt = await this.throttle.begin(account, { ip: by.ip, tokenOwner: owner });
    const isRight = set !== null && this.#use(set, id, answer) !== null;
    if (!(await attempt.record(isRight)) || !isRight) return false;
    return (await this.factors.change(identity, by, (now) => this.#use(now, id, answer))) !== null;
  }

  /** The factors after a code was used; null if it is not valid. */
  #use(set: FactorSet, userId: string, { kind, code }: CodeAnswer): SetChange | null {
    if (kind === 'recovery_code') {
      const { recovery } = set;
      const used = hashOfRecoveryCode(code);
      if (!recovery?.hashes.includes(used)) return null;
      const hashes = recovery.hashes.filter((one) => one !== used);
      return { set: { ...set, recovery: { ...recovery, hashes } }, notice: 'recovery_code_used' };
    }
    const { totp } = set;
    if (!totp) return null;
    const opened = this.box?.open(totp.secret, userId);
    if (!opened)
      throw new DomainError('codes_unavailable', {
        retryAfter: KEY_NEEDS_AN_OPERATOR,
        cause: new Error(
          'The secret of an authenticator app cannot be decrypted. Add the key that encrypted it to the earlier keys (FACTOR_KEY_PREVIOUS).',
        ),
      });
    const step = this.apps!.stepOf(opened.secret, code, this.clock.now(), totp.lastStep);
    if (step === null) return null;
    const secret = opened.isCurrent ? totp.secret : this.box!.seal(opened.secret, userId);
    return { set: { ...set, totp: { ...totp, secret, lastStep: step } }, notice: null };
  }

  async #record(facts: AuditFacts, by: Initiator): Promise<void> {
    await this.events?.emit(facts, by);
  }
}

/** The account that attempts at codes are counted for. */
function keyOf(userId: string): string {
  return `factor:${userId}`;
}
