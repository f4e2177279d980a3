import type { AuditFacts } from '../audit/audit-event.js';
import type { Initiator } from '../audit/initiator.js';
import type { SecurityEvents } from '../audit/security-events.js';
import type { Clock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { type Proofs, SECOND_FACTORS } from '../sessions/proofs.js';
import type { Accounts } from '../users/accounts.js';
import type { Identity } from '../users/identity.js';
import type { AuthenticatorApps, TotpSetup } from './authenticator-apps.js';
import type { Challenges } from './challenges.js';
import { type FactorSet, type Passkey, isEnrolled } from './factor-set.js';
import type { FactorsOptions } from './factors-options.js';
import type { Passkeys } from './passkeys.js';
import { hashOfRecoveryCode, newRecoveryCodes } from './recovery-codes.js';
import type { SecondSteps } from './second-steps.js';
import type { SecretBox } from './secret-box.js';
import type { UserFactors } from './user-factors.js';

/** How long ago, in milliseconds, a user must have given a proof to change the factors. */
const FRESH_FOR = 5 * 60_000;

/** Passkeys of one user. */
const MOST_PASSKEYS = 20;

/** Who changes their factors, and where: in a session or in a pending sign-in. */
export interface FactorOwner {
  readonly identity: Identity;
  /** The session or the pending sign-in. What was begun in one of them is finished there. */
  readonly place: string;
  readonly proofs: Proofs;
}

/** A factor was added. */
export interface Enrolment {
  /** The recovery codes that the user gets with the first factor; null later. */
  readonly recoveryCodes: readonly string[] | null;
  /** The identity with a new credential version if it is the first factor, so that all sessions have ended; null later. */
  readonly restarted: Identity | null;
}

/** Adds, lists and removes the second factors of users. */
export class FactorsService {
  constructor(
    private readonly factors: UserFactors,
    private readonly steps: SecondSteps,
    private readonly accounts: Accounts,
    private readonly setups: Challenges,
    private readonly apps: AuthenticatorApps | null,
    private readonly box: SecretBox | null,
    private readonly passkeys: Passkeys | null,
    private readonly options: FactorsOptions,
    private readonly clock: Clock,
    private readonly events?: SecurityEvents,
  ) {}

  /** The factors of a user; null for none. */
  of(userId: string): Promise<FactorSet | null> {
    return this.factors.of(userId);
  }

  /** Throws `session_not_fresh` unless the owner gave a proof in the last five minutes: by a factor, if there is one. */
  async checkFresh(owner: FactorOwner): Promise<void> {
    this.#checkFreshFor(await this.factors.of(owner.identity.account.id), owner);
  }

  /** A new secret for an authenticator app. It is valid when `confirmTotp` has got a code of it, for ten minutes. */
  async beginTotp(owner: FactorOwner): Promise<TotpSetup> {
    const [apps, box] = this.#forNewApps();
    await this.checkFresh(owner);
    const { account } = owner.identity;
    const secret = apps.newSecret();
    await this.setups.keep(owner.place, box.seal(secret, account.id));
    return apps.setup(secret, account.login);
  }

  /** Adds the authenticator app whose secret `beginTotp` made, in place of an earlier one. Throws `factor_invalid` for a wrong code. */
  async confirmTotp(owner: FactorOwner, code: string, by: Initiator): Promise<Enrolment> {
    const [apps, box] = this.#forNewApps();
    await this.checkFresh(owner);
    const { id } = owner.identity.account;
    const sealed = await this.setups.find(owner.place);
    const secret = sealed === null ? null : box.open(sealed, id)?.secret;
    const step = secret ? apps.stepOf(secret, code, this.clock.now(), -1) : null;
    if (sealed === null || step === null || !(await this.setups.remove(owner.place, sealed)))
      throw new DomainError('factor_invalid');
    const totp = { secret: sealed, createdAt: this.clock.now().getTime(), lastStep: step };
    return this.#add(owner, by, 'totp', (set) => ({ ...set, totp }));
  }

  async removeTotp(owner: FactorOwner, by: Initiator): Promise<void> {
    await this.#remove(owner, by, 'totp', (set) => set.totp && { ...set, totp: null });
  }

  /** What a browser needs to make a passkey. */
  async beginPasskey(owner: FactorOwner): Promise<object> {
    const passkeys = this.#passkeys();
    await this.checkFresh(owner);
    const { user, account } = owner.identity;
    const set = await this.factors.reserve(account.id);
    const { firstName, lastName } = this.accounts.namesOf(user);
    const displayName = [firstName, lastName].filter(Boolean).join(' ') || account.login;
    return passkeys.creationOptions(placeOfNew(owner), set, { login: account.login, displayName });
  }

  /** Adds the passkey that a browser made. Throws `factor_invalid` if its answer is not valid. */
  async addPasskey(
    owner: FactorOwner,
    name: string,
    answer: unknown,
    by: Initiator,
  ): Promise<Enrolment & { readonly passkey: Passkey }> {
    const passkeys = this.#passkeys();
    await this.checkFresh(owner);
    const registered = await passkeys.register(placeOfNew(owner), answer);
    if (!registered) throw new DomainError('factor_invalid');
    const passkey = { ...registered.passkey, name, createdAt: this.clock.now().getTime(), lastUsedAt: null };
    const enrolment = await this.#add(owner, by, 'passkey', (set) => {
      // A handle lasts as long as the factors. With another one, nobody would be found by the passkey.
      if (set.handle !== registered.handle || set.passkeys.some(({ id }) => id === passkey.id))
        throw new DomainError('factor_invalid');
      if (set.passkeys.length >= MOST_PASSKEYS) throw new DomainError('factor_limit_reached');
      return { ...set, passkeys: [...set.passkeys, passkey] };
    });
    return { ...enrolment, passkey };
  }

  /** Names a passkey. Throws `not_found` if the user has none of this id. */
  async renamePasskey({ identity }: FactorOwner, id: string, name: string, by: Initiator): Promise<Passkey> {
    const changed = await this.factors.change(identity, by, (set) => {
      const isThere = set.passkeys.some((one) => one.id === id);
      const passkeys = set.passkeys.map((one) => (one.id === id ? { ...one, name } : one));
      return isThere ? { set: { ...set, passkeys }, notice: null } : null;
    });
    const renamed = changed?.after.passkeys.find((one) => one.id === id);
    if (!renamed) throw new DomainError('not_found');
    return renamed;
  }

  async removePasskey(owner: FactorOwner, id: string, by: Initiator): Promise<void> {
    await this.#remove(owner, by, 'passkey', (set) => {
      const passkeys = set.passkeys.filter((one) => one.id !== id);
      return passkeys.length === set.passkeys.length ? null : { ...set, passkeys };
    });
  }

  /** New recovery codes in place of all earlier ones. Throws `not_found` for a user without another factor. */
  async renewRecoveryCodes(owner: FactorOwner, by: Initiator): Promise<readonly string[]> {
    const codes = newRecoveryCodes();
    const changed = await this.factors.change(owner.identity, by, (set) => {
      if (!isEnrolled(set)) return null;
      this.#checkFreshFor(set, owner);
      return { set: { ...set, recovery: this.#recoveryOf(codes) }, notice: 'recovery_codes_created' };
    });
    if (!changed) throw new DomainError('not_found');
    await this.#record({ type: 'recovery_codes_created', subjectId: owner.identity.account.id }, by);
    return codes;
  }

  async #add(
    owner: FactorOwner,
    by: Initiator,
    factor: 'totp' | 'passkey',
    add: (set: FactorSet) => FactorSet,
  ): Promise<Enrolment> {
    const { identity } = owner;
    const codes = newRecoveryCodes();
    const changed = (await this.factors.change(identity, by, (set) => {
      this.#checkFreshFor(set, owner);
      const recovery = set.recovery ?? this.#recoveryOf(codes);
      return { set: { ...add(set), recovery }, notice: `${factor}_added` };
    }))!;
    await this.#record({ type: 'factor_added', subjectId: identity.account.id, details: { factor } }, by);
    const recoveryCodes = changed.before.recovery ? null : codes;
    if (isEnrolled(changed.before)) return { recoveryCodes, restarted: null };
    // What was signed in without a factor ends, also what is being signed in at this moment.
    await this.accounts.revoke(identity.account.id, this.clock.now());
    // Not the version that is stored now: it is higher if the password was changed in the meantime, which ends this client's session, too.
    const restarted = { ...identity, credentialVersion: identity.credentialVersion + 1 };
    return { recoveryCodes, restarted };
  }

  /** Throws `not_found` if `remove` finds nothing, and `last_factor` if the policy asks for one. */
  async #remove(
    owner: FactorOwner,
    by: Initiator,
    factor: 'totp' | 'passkey',
    remove: (set: FactorSet) => FactorSet | null,
  ): Promise<void> {
    const { account } = owner.identity;
    const changed = await this.factors.change(owner.identity, by, (set) => {
      this.#checkFreshFor(set, owner);
      const left = remove(set);
      if (left && !isEnrolled(left) && this.steps.demands(account)) throw new DomainError('last_factor');
      return left && { set: left, notice: `${factor}_removed` };
    });
    if (!changed) throw new DomainError('not_found');
    await this.#record({ type: 'factor_removed', subjectId: account.id, details: { factor } }, by);
  }

  /** Throws `session_not_fresh` without a recent proof: by a factor, if the user has one. */
  #checkFreshFor(set: FactorSet | null, { proofs }: FactorOwner): void {
    const kinds = set && isEnrolled(set) ? SECOND_FACTORS : null;
    const times = kinds ? kinds.map((kind) => proofs[kind]) : Object.values(proofs);
    const latest = Math.max(...times.map((at) => at?.getTime() ?? -Infinity));
    if (this.clock.now().getTime() - latest <= FRESH_FOR) return;
    throw new DomainError('session_not_fresh', { maxAge: FRESH_FOR / 1000, proofs: kinds });
  }

  #recoveryOf(codes: readonly string[]): NonNullable<FactorSet['recovery']> {
    return { hashes: codes.map(hashOfRecoveryCode), createdAt: this.clock.now().getTime() };
  }

  #forNewApps(): [AuthenticatorApps, SecretBox] {
    if (!this.options.totp || !this.apps || !this.box) throw new DomainError('not_found');
    return [this.apps, this.box];
  }

  #passkeys(): Passkeys {
    if (!this.passkeys) throw new DomainError('not_found');
    return this.passkeys;
  }

  async #record(facts: AuditFacts, by: Initiator): Promise<void> {
    await this.events?.emit(facts, by);
  }
}

/** The place of the challenge for a new passkey, apart from those for signing in. */
function placeOfNew({ place }: FactorOwner): string {
  return `new ${place}`;
}
