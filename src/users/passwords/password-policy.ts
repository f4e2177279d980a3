import { invalid } from '../../common/domain-error.js';
import { BreachService } from './breach-service.js';
import type { TaskOwner } from './fair-queue.js';
import { isGuessable, wordsOf } from './guessable-password.js';
import { isCommonPassword } from './hashing-threads.js';
import type { UsersOptions } from '../users-options.js';

/** The maximum length of a password in NFC, in code points and in bytes of UTF-8. */
export const MAX_LENGTH = 256;
const MAX_BYTES = 1024;

/** The names of this product and its roles, and words that are common in passwords. */
const CONTEXT_WORDS = [
  'coatcheck coat check localhost',
  'admin administrator user root guest test',
  'password passwort passphrase pass pwd login signin secret welcome letmein changeme default master iloveyou',
  'my the is new',
];

const GUESSABLE =
  'Too easy to guess: it is mostly a name, an address, a word of this service, a keyboard row or a repetition. Combine several unrelated words.';
const KNOWN =
  'Known from data breaches of other services, so attackers try it first. Combine several unrelated words.';

/** The user that a new password is for. */
export interface PasswordOwner {
  readonly email: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
}

type PolicyOptions = Pick<
  UsersOptions,
  'passwordMinLength' | 'passwordBlocklist' | 'passwordContext' | 'passwordBreachUrl'
>;

export function isOverlong(password: string): boolean {
  return lengthOf(password) > MAX_LENGTH || Buffer.byteLength(password.normalize('NFC')) > MAX_BYTES;
}

/** The rules of new passwords: long enough, and not among those that attackers try first. There are no other rules. */
export class PasswordPolicy {
  readonly #breaches: BreachService | null;

  constructor(private readonly options: PolicyOptions) {
    const url = options.passwordBreachUrl;
    this.#breaches = url === null ? null : new BreachService(url);
  }

  /** Throws `validation_failed` at `pointer` if the policy refuses the password, and the errors of `FairQueue`. */
  async check(password: string, owner: PasswordOwner, pointer: string, by: TaskOwner): Promise<void> {
    const fault = await this.faultOf(password, owner, by);
    if (fault !== null) throw invalid(pointer, fault);
  }

  /** A sentence that says why the policy refuses a password, or null. Throws the errors of `FairQueue`. */
  async faultOf(password: string, owner: PasswordOwner, by: TaskOwner): Promise<string | null> {
    const fault = await this.localFaultOf(password, owner, by);
    if (fault !== null || !this.options.passwordBlocklist) return fault;
    return (await this.#breaches?.knows(password)) ? KNOWN : null;
  }

  /** Like `faultOf`, without a query to the service for breached passwords. */
  async localFaultOf(password: string, owner: PasswordOwner, by: TaskOwner): Promise<string | null> {
    const { passwordMinLength: shortest, passwordBlocklist } = this.options;
    if (typeof password !== 'string' || !password.isWellFormed())
      return 'Must be valid Unicode text, without unpaired surrogates.';
    if (isOverlong(password)) return `Must have at most ${MAX_LENGTH} characters and ${MAX_BYTES} bytes.`;
    if (lengthOf(password) < shortest) return `Must have at least ${shortest} characters.`;
    if (!passwordBlocklist) return null;
    if (isGuessable(password, this.#wordsAround(owner), shortest)) return GUESSABLE;
    return (await isCommonPassword(password, by)) ? KNOWN : null;
  }

  #wordsAround({ email, firstName, lastName }: PasswordOwner): string[] {
    return wordsOf(...CONTEXT_WORDS, ...this.options.passwordContext, email, firstName ?? '', lastName ?? '');
  }
}

function lengthOf(password: string): number {
  return [...password.normalize('NFC')].length;
}
