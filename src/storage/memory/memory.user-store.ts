import { ADMIN, type Credential, type User, emailKey, fullNameKeys, nameKey } from '../../users/user.js';
import type { OutboxMail } from '../../mail/outbox-mail.js';
import type { PutsMails } from '../../mail/puts-mails.js';
import {
  type UserPage,
  type UserPosition,
  type UserQuery,
  comparePositions,
  orderOf,
  userPosition,
} from '../../users/user-query.js';
import {
  type UserChanges,
  type UserRemoval,
  UserStore,
  type UserUpdate,
  revokesAdmin,
  verificationAfter,
} from '../../users/user-store.js';

/** Users in the memory of this process; a restart loses them. No method awaits between read and write. */
export class MemoryUserStore extends UserStore {
  readonly #credentials = new Map<string, Credential>();
  readonly #idsByEmail = new Map<string, string>();
  /** In the order of creation. */
  readonly #places: UserPosition[] = [];

  /** `outbox` joins this store. */
  constructor(readonly outbox: PutsMails | null = null) {
    super();
  }

  async insert(user: User, passwordHash: string, mails: readonly OutboxMail[] = []): Promise<boolean> {
    const key = emailKey(user.email);
    if (this.#idsByEmail.has(key)) return false;
    this.outbox?.put(mails);
    this.#idsByEmail.set(key, user.id);
    const copy = copyOf(user);
    const place = userPosition(copy, 'created');
    this.#credentials.set(user.id, { user: copy, passwordHash });
    this.#places.splice(this.#placeAfter(place), 0, place);
    return true;
  }

  async insertFirst(user: User, passwordHash: string, mails?: readonly OutboxMail[]): Promise<boolean> {
    return this.#credentials.size === 0 && this.insert(user, passwordHash, mails);
  }

  async find(id: string): Promise<User | null> {
    const credential = this.#credentials.get(id);
    return credential ? copyOf(credential.user) : null;
  }

  async findCredential(email: string): Promise<Credential | null> {
    const id = this.#idsByEmail.get(emailKey(email));
    return id === undefined ? null : this.findCredentialById(id);
  }

  async findCredentialById(id: string): Promise<Credential | null> {
    const credential = this.#credentials.get(id);
    return credential ? { ...credential, user: copyOf(credential.user) } : null;
  }

  async list(query: UserQuery): Promise<UserPage> {
    const { limit, sort } = query;
    const places = orderOf(sort).by === 'created' ? this.#createdAfter(query) : this.#sortedAfter(query);
    const matches = matcher(query);
    const found: UserPosition[] = [];
    for (const place of places) {
      if (matches(this.#credentials.get(place.id)!.user)) found.push(place);
      if (found.length > limit) break;
    }
    const page = found.slice(0, limit);
    return {
      users: page.map(({ id }) => copyOf(this.#credentials.get(id)!.user)),
      next: found.length > limit ? (page.at(-1) ?? null) : null,
    };
  }

  async count(): Promise<number> {
    return this.#credentials.size;
  }

  async update(
    id: string,
    changes: UserChanges,
    now: Date,
    adminRole = ADMIN,
    mails: readonly OutboxMail[] = [],
  ): Promise<UserUpdate> {
    const credential = this.#credentials.get(id);
    if (!credential) return { outcome: 'not_found' };
    const { user } = credential;
    if (revokesAdmin(changes, adminRole) && this.#isLastAdmin(user, adminRole))
      return { outcome: 'last_admin' };
    const email = changes.email ?? user.email;
    if ((this.#idsByEmail.get(emailKey(email)) ?? id) !== id) return { outcome: 'email_taken' };
    this.outbox?.put(mails);
    this.#idsByEmail.delete(emailKey(user.email));
    this.#idsByEmail.set(emailKey(email), id);
    const verifiedAt = verificationAfter(user, changes);
    const after = this.#replace(credential, {
      email,
      firstName: changes.firstName === undefined ? user.firstName : changes.firstName,
      lastName: changes.lastName === undefined ? user.lastName : changes.lastName,
      role: changes.role ?? user.role,
      disabled: changes.disabled ?? user.disabled,
      credentialVersion: user.credentialVersion + (changes.disabled ? 1 : 0),
      updatedAt: now,
      emailVerifiedAt: verifiedAt === undefined ? user.emailVerifiedAt : verifiedAt,
    });
    return { outcome: 'updated', before: copyOf(user), after };
  }

  async replacePassword(
    id: string,
    version: number,
    hash: string,
    now: Date,
    mails: readonly OutboxMail[] = [],
  ): Promise<User | null> {
    const credential = this.#credentials.get(id);
    if (credential?.user.credentialVersion !== version) return null;
    this.outbox?.put(mails);
    return this.#replace(credential, { credentialVersion: version + 1, updatedAt: now }, hash);
  }

  async revoke(id: string, now: Date): Promise<User | null> {
    const credential = this.#credentials.get(id);
    if (!credential) return null;
    const credentialVersion = credential.user.credentialVersion + 1;
    return this.#replace(credential, { credentialVersion, updatedAt: now });
  }

  async upgradeHash(id: string, from: string, to: string): Promise<boolean> {
    const credential = this.#credentials.get(id);
    if (credential?.passwordHash !== from) return false;
    this.#replace(credential, {}, to);
    return true;
  }

  async remove(id: string, adminRole = ADMIN): Promise<UserRemoval> {
    const credential = this.#credentials.get(id);
    if (!credential) return 'not_found';
    if (this.#isLastAdmin(credential.user, adminRole)) return 'last_admin';
    this.#idsByEmail.delete(emailKey(credential.user.email));
    this.#credentials.delete(id);
    this.#places.splice(this.#placeAfter(userPosition(credential.user, 'created')) - 1, 1);
    return 'removed';
  }

  #createdAfter({ sort, after }: UserQuery): UserPosition[] {
    const place = after && { ...after, key: '' };
    if (sort === 'created') return this.#places.slice(place ? this.#placeAfter(place) : 0);
    const end = place
      ? this.#places.findLastIndex((one) => comparePositions(place, one, sort) < 0)
      : Infinity;
    return this.#places.slice(0, end + 1).toReversed();
  }

  #sortedAfter({ sort, after }: UserQuery): UserPosition[] {
    return [...this.#credentials.values()]
      .map(({ user }) => userPosition(user, sort))
      .filter((place) => !after || comparePositions(place, after, sort) > 0)
      .toSorted((a, b) => comparePositions(a, b, sort));
  }

  /** The number of users up to and including this position. */
  #placeAfter(position: UserPosition): number {
    let [from, to] = [0, this.#places.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (comparePositions(this.#places[middle]!, position, 'created') > 0) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  #isLastAdmin(user: User, adminRole: string): boolean {
    if (!isActiveAdmin(user, adminRole)) return false;
    for (const { user: other } of this.#credentials.values())
      if (other.id !== user.id && isActiveAdmin(other, adminRole)) return false;
    return true;
  }

  #replace({ user, passwordHash }: Credential, changes: Partial<User>, hash = passwordHash): User {
    const changed = copyOf({ ...user, ...changes });
    this.#credentials.set(user.id, { user: changed, passwordHash: hash });
    return copyOf(changed);
  }
}

/** Whether the user is an administrator who is not disabled. */
function isActiveAdmin({ role, disabled }: User, adminRole: string): boolean {
  return role === adminRole && !disabled;
}

function copyOf(user: User): User {
  return {
    ...user,
    createdAt: new Date(user.createdAt),
    updatedAt: new Date(user.updatedAt),
    emailVerifiedAt: user.emailVerifiedAt && new Date(user.emailVerifiedAt),
  };
}

/** Tells which users match the filters of a query. */
function matcher({ email, name, role, disabled }: UserQuery): (user: User) => boolean {
  const address = email === null ? null : emailKey(email);
  const beginning = name === null ? null : nameKey(name);
  return (user) =>
    (address === null || emailKey(user.email).startsWith(address)) &&
    (beginning === null || Object.values(fullNameKeys(user)).some((key) => key.startsWith(beginning))) &&
    (role === null || user.role === role) &&
    (disabled === null || user.disabled === disabled);
}
