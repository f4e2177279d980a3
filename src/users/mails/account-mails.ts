import { Injectable, Logger, Optional } from '@nestjs/common';
import { SecurityEvents } from '../../audit/security-events.js';
import { PROGRAM } from '../../audit/initiator.js';
import { deviceOf } from '../../common/device.js';
import { MailComposer } from '../../mail/mail-composer.js';
import { type MailLinks, MailOptions } from '../../mail/mail-options.js';
import type { MailMessage } from '../../mail/mailer.js';
import type { OutboxMail } from '../../mail/outbox-mail.js';
import { Accounts, type KnownUser } from '../accounts.js';
import { AddressChanges } from './address-changes.js';
import { KnownClients } from './known-clients.js';
import { BY_ANYONE, MailLimits } from './mail-limits.js';
import { OneTimeTokens } from '../one-time-tokens.js';
import type { TokenPurpose } from '../one-time-token.js';
import { emailKey } from '../user.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How long the tokens of mails are valid, in milliseconds. */
export const VALID_FOR = {
  reset_password: 30 * MINUTE,
  verify_email: 24 * HOUR,
  confirm_address: 24 * HOUR,
  address_changing: 72 * HOUR,
  address_change_cancelled: 24 * HOUR,
  invitation: 72 * HOUR,
} as const;

/** The token of a mail, and the page that takes it. */
const TOKENS: Readonly<Record<keyof typeof VALID_FOR, readonly [TokenPurpose, keyof MailLinks]>> = {
  reset_password: ['reset', 'reset'],
  verify_email: ['verify', 'verify'],
  confirm_address: ['confirm', 'confirm'],
  address_changing: ['cancel', 'cancel'],
  address_change_cancelled: ['reset', 'reset'],
  invitation: ['reset', 'reset'],
};

/** A mail whose recipient is known. */
interface Draft {
  readonly mail: OutboxMail;
  readonly to: string;
  readonly known: KnownUser | null;
}

/** Makes the mails of accounts: finds the recipient, counts the mail, issues its token and renders it. */
@Injectable()
export class AccountMails extends MailComposer {
  readonly #logger = new Logger('Mails');

  constructor(
    private readonly accounts: Accounts,
    private readonly tokens: OneTimeTokens,
    private readonly changes: AddressChanges,
    private readonly clients: KnownClients,
    private readonly limits: MailLimits,
    private readonly options: MailOptions,
    @Optional() private readonly events?: SecurityEvents,
  ) {
    super();
  }

  async compose(mail: OutboxMail): Promise<MailMessage | null> {
    const draft = await this.#draftOf(mail);
    if (!draft) return null;
    const userId = draft.known?.account.id ?? null;
    if (mail.kind === 'test' || (await this.limits.allows(draft.mail, draft.to, userId)))
      return this.#render(draft);
    await this.events?.emit(
      { type: 'mail_limited', subjectId: userId, details: { mail: draft.mail.kind } },
      { ...PROGRAM, via: 'http', ip: mail.facts.ip ?? null },
    );
    this.#logger.warn(
      `A mail was not sent, because its address or account has reached the limit: ${draft.mail.kind}.`,
    );
    return null;
  }

  /** The recipient of a mail; null if it is not needed any more. */
  async #draftOf(mail: OutboxMail): Promise<Draft | null> {
    const { kind, to, userId, facts } = mail;
    if (kind === 'test') return { mail, to, known: null };
    const known = await (userId === null ? this.accounts.findByLogin(to) : this.accounts.findById(userId));
    if (!known) return null;
    const { user, account, credential } = known;
    const address = this.accounts.addressOf(user);
    const isCurrent = address !== null && (userId === null || emailKey(address) === emailKey(to));
    switch (kind) {
      case 'reset_password':
        return address === null || account.disabled ? null : { mail, to: address, known };
      case 'verify_email':
        return !isCurrent ||
          account.disabled ||
          !this.accounts.savesAddresses ||
          this.accounts.isVerified(user)
          ? null
          : { mail, to: address, known };
      case 'address_taken':
        return address === null ? null : { mail, to: address, known };
      case 'invitation':
        return isCurrent && !account.disabled && credential.version === facts.credentialVersion
          ? { mail, to: address, known }
          : null;
      case 'confirm_address':
        return this.#confirmation(mail, known);
      case 'address_changing':
        return (await this.changes.of(account.id))?.id === facts.changeId ? { mail, to, known } : null;
      // Another request may be about to restore the address. The token is bound to it.
      case 'address_change_cancelled':
        return account.disabled ? null : { mail, to, known };
      case 'new_sign_in':
        return isCurrent && (await this.clients.isNew(account.id, mail))
          ? { mail, to: address, known }
          : null;
      default: // what has happened is told in any case
        return { mail, to, known };
    }
  }

  /**
   * The mail to a new address; null if it is held for another user, whose owner could take it for the mail about their own account.
   * If the address is that of another account, its owner is told instead.
   */
  async #confirmation(mail: OutboxMail, known: KnownUser): Promise<Draft | null> {
    const change = await this.changes.of(known.account.id);
    if (change?.id !== mail.facts.changeId || change?.state !== 'pending' || known.account.disabled)
      return null;
    const { id } = known.account;
    if (await this.changes.isHeld(mail.to, id, (holder) => this.accounts.findById(holder))) return null;
    const owner = await this.accounts.findByLogin(mail.to);
    if (!owner || owner.account.id === id) return { mail, to: mail.to, known };
    const address = this.accounts.addressOf(owner.user);
    return address === null ? null : { mail: { ...mail, kind: 'address_taken' }, to: address, known: owner };
  }

  async #render({ mail, to, known }: Draft): Promise<MailMessage> {
    const { kind, facts, createdAt, language } = mail;
    const { options } = this;
    const { browser, os } = deviceOf(facts.userAgent ?? null);
    const content = {
      kind,
      service: options.serviceName,
      to,
      name: known && this.accounts.namesOf(known.user).firstName,
      at: createdAt,
      device: [browser, os].filter(Boolean).join(', ') || null,
      ip: facts.ip ?? null,
      otherAddress: facts.otherAddress ?? null,
      label: facts.label ?? null,
      factorChange: facts.factorChange ?? null,
      ...(await this.#linkOf(mail, known)),
    };
    const rendered = await options.templates.render(content, language);
    const messageId = `<${mail.id}@${options.domain}>`;
    return { ...rendered, messageId, from: options.from, to, language, createdAt };
  }

  /** The page of a mail with its token, and how long it is valid. */
  async #linkOf(
    { id, kind, facts, to }: OutboxMail,
    known: KnownUser | null,
  ): Promise<{ readonly link: string | null; readonly validFor: number | null }> {
    if (!known || !(kind in TOKENS)) return { link: this.options.pageOf(kind), validFor: null };
    const [purpose, page] = TOKENS[kind as keyof typeof TOKENS];
    const validFor = VALID_FOR[kind as keyof typeof VALID_FOR];
    const { account, credential } = known;
    const isForCurrent = purpose === 'verify' || (purpose === 'reset' && kind !== 'address_change_cancelled');
    const { token } = await this.tokens.issue(purpose, account.id, {
      credentialVersion: credential.version,
      address: isForCurrent ? (this.accounts.addressOf(known.user) ?? to) : to,
      validFor,
      mailId: id,
      about: facts.changeId ?? null,
      isByAnyone: BY_ANYONE.has(kind),
    });
    return { link: this.options.link(page, token.reveal()), validFor };
  }
}
