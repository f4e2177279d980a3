import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable, Optional } from '@nestjs/common';
import { type Initiator, PROGRAM } from '../audit/initiator.js';
import { inEvenSteps } from '../common/even-steps.js';
import { SecurityEvents } from '../audit/security-events.js';
import { DomainError } from '../common/domain-error.js';
import { GuessThrottle } from '../throttle/guess-throttle.js';
import { MailQueue } from './mails/mail-queue.js';
import { type User, isAdmin } from './user.js';
import { type NewUser, UsersService } from './users.service.js';
import { UsersOptions } from './users-options.js';

/**
 * Milliseconds. A registration with a free address inserts a row more than one with a taken address, which takes some tenths of a
 * millisecond.
 */
const STEP = 50;

/** Registers users as the registration mode allows. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly users: UsersService,
    private readonly throttle: GuessThrottle,
    private readonly options: UsersOptions,
    @Optional() private readonly mails?: MailQueue,
    @Optional() private readonly events?: SecurityEvents,
  ) {}

  /**
   * Adds a user. `caller` is null for an anonymous request. Throws `setup_code_required`, `credentials_missing` or
   * `role_required` if the registration mode does not allow it. If this application sends mails, it returns null to everybody but
   * administrators, so that nobody learns whether an address has an account: a taken address gets a mail.
   */
  async register(
    details: NewUser,
    caller: User | null,
    setupCode: string | null,
    by: Initiator = PROGRAM,
  ): Promise<User | null> {
    if (!caller && (await this.isWaitingForTheFirst())) {
      await this.#checkSetupCode(setupCode, by.ip);
      const administrator = await this.users.createFirst(details, by);
      if (administrator) return administrator;
    }
    this.#checkRight(caller);
    if (!this.mails || (caller && isAdmin(caller, this.options)))
      return this.users.create(details, this.options.newUserRole, by);
    const { mails } = this;
    await mails.countRequest(by);
    await inEvenSteps(STEP, () => this.#createOrTell(details, mails, by));
    return null;
  }

  /** Adds a user, or tells the owner of a taken address. */
  async #createOrTell(details: NewUser, mails: MailQueue, by: Initiator): Promise<void> {
    try {
      await this.users.create(details, this.options.newUserRole, by);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'email_taken') throw error;
      await mails.add(mails.of({ kind: 'address_taken', to: details.email, userId: null }, by));
      await this.events?.emit({ type: 'address_taken', subjectId: null }, by);
    }
  }

  /** Whether the next anonymous registration creates the administrator. */
  async isWaitingForTheFirst(): Promise<boolean> {
    return this.options.registration === 'first' && (await this.users.list({ limit: 1 })).users.length === 0;
  }

  #checkRight(caller: User | null): void {
    const { registration } = this.options;
    if (registration === 'open' || (caller && isAdmin(caller, this.options))) return;
    if (!caller) throw new DomainError('credentials_missing');
    if (registration !== 'signed_in') throw new DomainError('role_required');
  }

  async #checkSetupCode(given: string | null, ip: string | null): Promise<void> {
    const { setupCode } = this.options;
    if (setupCode === null) return;
    const isRight = given !== null && timingSafeEqual(digest(given), digest(setupCode));
    if (given !== null && (await this.throttle.checkCode('setup', isRight, ip))) return;
    throw new DomainError('setup_code_required');
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
