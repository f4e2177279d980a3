import { type Initiator, PROGRAM } from '../../audit/initiator.js';
import type { AuditType } from '../../audit/audit-event.js';
import { SecurityEvents } from '../../audit/security-events.js';
import { Clock } from '../../common/clock.js';
import { DomainError, invalid } from '../../common/domain-error.js';
import { untilStored } from '../../common/until-stored.js';
import { hasInvisible } from '../../common/visible.js';
import { GuessThrottle } from '../../throttle/guess-throttle.js';
import { Accounts, type KnownUser } from '../accounts.js';
import type { CredentialVerifier } from '../credential-verifier.js';
import { addressFault } from '../email-address.js';
import { OneTimeToken, type TokenPurpose } from '../one-time-token.js';
import { type FoundToken, OneTimeTokens } from '../one-time-tokens.js';
import { PasswordResetService } from '../password-reset.service.js';
import type { MailKind, OutboxMail } from '../../mail/outbox-mail.js';
import { emailKey } from '../user.js';
import type { AppUser } from '../user-directory.js';
import { AddressChanges, type StoredChange } from './address-changes.js';
import { type MailCause, MailQueue, changing, noticeOf } from './mail-queue.js';

/** A user, and the valid token of theirs. */
interface Owned {
  readonly known: KnownUser;
  readonly found: FoundToken;
}

/** Proves that addresses belong to their users, and changes addresses. */
export class EmailService {
  constructor(
    private readonly accounts: Accounts,
    private readonly tokens: OneTimeTokens,
    private readonly changes: AddressChanges,
    private readonly mails: MailQueue,
    private readonly resets: PasswordResetService,
    private readonly throttle: GuessThrottle,
    private readonly clock: Clock,
    private readonly events?: SecurityEvents,
    private readonly verifier?: CredentialVerifier<object>,
  ) {}

  /**
   * Asks for a mail that proves an address. Takes the same time and steps whether the address has an account or not. Throws
   * `too_many_mails` if the network of the client has asked too often.
   */
  async requestVerification(email: string, by: Initiator = PROGRAM): Promise<void> {
    await this.#request('verify_email', email, by);
  }

  /** Asks for a mail with a token for a new password, as `requestVerification` does. Throws `forbidden` beside a `credentialVerifier`. */
  async requestPasswordReset(login: string, by: Initiator = PROGRAM): Promise<void> {
    if (this.verifier) throw new DomainError('forbidden');
    await this.#request('reset_password', login, by);
    await this.#record('password_reset_requested', null, by);
  }

  /** Marks the address of a user as theirs, by the token of a mail. Throws `email_token_invalid` for every invalid token. */
  async verify(text: string, by: Initiator = PROGRAM): Promise<void> {
    const { known, found } = await this.#owned('verify', text, by);
    const address = this.accounts.addressOf(known.user);
    if (
      address === null ||
      !found.isBoundTo(known.credential.version, address) ||
      !(await this.tokens.use(found))
    )
      return this.#refuse(known.account.id, by);
    await this.accounts.saveAddress(known.user, address, this.clock.now());
    await this.#record('email_verified', known.account.id, by);
  }

  /**
   * Begins a change of the address of a user, who must have confirmed who they are (`@Fresh()`). The new address gets a mail with
   * a token for `confirmChange`, the current one a mail with a token for `cancelChange`. Nothing says whether the new address has
   * an account. A newer change replaces an older one that is pending. Returns the new address as it is stored.
   */
  async requestChange(userId: string, email: string, by: Initiator = PROGRAM): Promise<string> {
    const known = await this.#find(userId);
    const from = this.accounts.addressOf(known.user);
    const to = email.trim().normalize('NFC');
    const fault = addressFault(to);
    if (fault !== null) throw invalid('/email', fault);
    if (from === null || !this.accounts.savesAddresses) throw new DomainError('forbidden');
    if (emailKey(from) === emailKey(to)) throw invalid('/email', 'Must differ from the current address.');
    await this.mails.countRequest(by);
    await untilStored(async () => (await this.#begin(known, from, to, by)) || null);
    await this.#record('email_change_requested', userId, by);
    return to;
  }

  /** Makes the new address the address of the user, by the token that it got. Throws `email_token_invalid` for every invalid token. */
  async confirmChange(text: string, by: Initiator = PROGRAM): Promise<void> {
    const { known, found } = await this.#owned('confirm', text, by);
    const { id } = known.account;
    const change = await this.changes.of(id);
    const isValid =
      change?.id === found.about &&
      change?.state === 'pending' &&
      change.cancelledAt === null &&
      found.isBoundTo(known.credential.version, change.to) &&
      !(await this.changes.isHeld(change.to, id, (holder) => this.accounts.findById(holder)));
    if (!isValid || !(await this.tokens.use(found))) return this.#refuse(id, by);
    const current = this.accounts.addressOf(known.user) ?? change.from;
    const told = noticeOf('address_changed', id, current, { otherAddress: change.to });
    const isSaved = await changing(this.mails, this.accounts.addressStore, told, by, (mails) =>
      this.#save(known.user, change.to, mails),
    );
    if (!isSaved) return this.#refuse(id, by);
    const isDone = await this.changes.replace(id, change, { ...change, state: 'done' });
    if (!isDone && !(await this.#hasNewer(id, change))) {
      // Somebody cancels it, and may have restored the old address before the new one was saved.
      await this.#restore(id, change);
      return this.#refuse(id, by);
    }
    await this.#record('email_changed', id, by);
  }

  /**
   * Cancels a change of the address, or undoes it, by the token that the old address got. Somebody else may have made the change,
   * so the password is revoked, all sessions and tokens end, and the old address gets a mail with a token for a new password.
   * Throws `email_token_invalid` for every invalid token.
   */
  async cancelChange(text: string, by: Initiator = PROGRAM): Promise<void> {
    const { known, found } = await this.#owned('cancel', text, by);
    const { id } = known.account;
    const change = await this.changes.of(id);
    const begun = change?.id === found.about ? await this.changes.beginCancelling(id, change) : null;
    if (!begun) return this.#refuse(id, by);
    try {
      await this.#restore(id, begun);
      await this.resets.issue(id, { revoke: true }, by);
      const told = noticeOf('address_change_cancelled', id, begun.from, { otherAddress: begun.to });
      await changing(this.mails, this.changes.store, told, by, (mails) =>
        this.changes.remove(id, begun, mails),
      );
    } catch (error) {
      // The token stays valid, so that the owner can try again.
      await this.changes.replace(id, begun, { ...begun, cancelledAt: null }).catch(() => {});
      throw error;
    }
    await this.#record('email_change_cancelled', id, by);
  }

  /** Stores a change with the mails that it causes. False if another request stored one in the meantime. */
  async #begin(
    { account: { id: userId }, credential }: KnownUser,
    current: string,
    to: string,
    by: Initiator,
  ): Promise<boolean> {
    const before = await this.changes.of(userId);
    if (before && this.changes.isBeingCancelled(before)) return false;
    // What the owner can get back is the address before the first of several changes.
    const from = before?.from ?? current;
    const change = this.changes.begin(from, to);
    const facts = { changeId: change.id, credentialVersion: credential.version };
    const causes: MailCause[] = [
      ...noticeOf('confirm_address', userId, to, { ...facts, otherAddress: current }),
      ...[...new Set([from, current])].flatMap((address) =>
        noticeOf('address_changing', userId, address, { ...facts, otherAddress: to }),
      ),
    ];
    return changing(this.mails, this.changes.store, causes, by, (mails) =>
      this.changes.replace(userId, before, change, mails),
    );
  }

  /** Whether a newer change has replaced this one. It keeps what the old address can take back. */
  async #hasNewer(userId: string, { id }: StoredChange): Promise<boolean> {
    const newest = await this.changes.of(userId);
    return newest !== null && newest.id !== id;
  }

  /** Gives the user the address from before the change. */
  async #restore(id: string, { from }: StoredChange): Promise<void> {
    const { user } = await this.#find(id);
    const current = this.accounts.addressOf(user);
    if (current !== null && emailKey(current) === emailKey(from)) return;
    if (!(await this.#save(user, from))) throw new DomainError('email_taken');
  }

  async #save(user: AppUser, email: string, mails?: readonly OutboxMail[]): Promise<boolean> {
    return (await this.accounts.saveAddress(user, email, this.clock.now(), mails)) === 'saved';
  }

  /** No account has a login with invisible characters, some of which a database cannot store. */
  async #request(kind: MailKind, login: string, by: Initiator): Promise<void> {
    if (hasInvisible(login)) await this.mails.countRequest(by);
    else await this.mails.request(kind, login, by);
  }

  async #find(userId: string): Promise<KnownUser> {
    const known = await this.accounts.findById(userId);
    if (!known) throw new DomainError('not_found');
    return known;
  }

  /** The user of a token, and the token. Throws `email_token_invalid`, and `too_many_attempts` after too many of them. */
  async #owned(purpose: TokenPurpose, text: string, by: Initiator): Promise<Owned> {
    const token = OneTimeToken.parse(purpose, text);
    const attempt = await this.throttle.beginToken(token?.userId ?? null, by.ip);
    const found = token && (await this.tokens.find(token));
    const known = found && (await this.accounts.findById(token.userId));
    if (known && !known.account.disabled) return { known, found };
    await attempt.fail();
    return this.#refuse(null, by);
  }

  async #refuse(subjectId: string | null, by: Initiator): Promise<never> {
    await this.#record('email_token_refused', subjectId, by);
    throw new DomainError('email_token_invalid');
  }

  async #record(type: AuditType, subjectId: string | null, by: Initiator): Promise<void> {
    await this.events?.emit({ type, subjectId }, { ...by, actorId: by.actorId ?? subjectId });
  }
}
