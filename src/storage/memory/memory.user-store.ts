import { type Credential, type User, emailKey } from '../../users/user.js';
import {
  type UserChanges,
  type UserPosition,
  type UserRemoval,
  UserStore,
  type UserUpdate,
  revokesAdmin,
} from '../../users/user-store.js';

/** Users in the memory of this process: they are gone with it. Each method looks and writes without a pause between. */
export class MemoryUserStore extends UserStore {
  readonly #credentials = new Map<string, Credential>();
  readonly #idsByEmail = new Map<string, string>();
  /** In the order of lists. */
  readonly #places: UserPosition[] = [];

  async insert(user: User, passwordHash: string): Promise<boolean> {
    const key = emailKey(user.email);
    if (this.#idsByEmail.has(key)) return false;
    this.#idsByEmail.set(key, user.id);
    const { id, createdAt } = copyOf(user);
    this.#credentials.set(id, { user: copyOf(user), passwordHash });
    this.#places.splice(this.#placeAfter(user), 0, { id, createdAt });
    return true;
  }

  async insertFirst(user: User, passwordHash: string): Promise<boolean> {
    return this.#credentials.size === 0 && this.insert(user, passwordHash);
  }

  async find(id: string): Promise<User | null> {
    const credential = this.#credentials.get(id);
    return credential ? copyOf(credential.user) : null;
  }

  async findCredential(email: string): Promise<Credential | null> {
    const id = this.#idsByEmail.get(emailKey(email)) ?? '';
    const credential = this.#credentials.get(id);
    return credential ? { ...credential, user: copyOf(credential.user) } : null;
  }

  async list(limit: number, after: UserPosition | null): Promise<User[]> {
    const start = after ? this.#placeAfter(after) : 0;
    return this.#places.slice(start, start + limit).map(({ id }) => copyOf(this.#credentials.get(id)!.user));
  }

  async count(): Promise<number> {
    return this.#credentials.size;
  }

  async update(id: string, changes: UserChanges, now: Date): Promise<UserUpdate> {
    const credential = this.#credentials.get(id);
    if (!credential) return { outcome: 'not_found' };
    const { user } = credential;
    if (revokesAdmin(changes) && this.#isLastAdmin(user)) return { outcome: 'last_admin' };
    const email = changes.email ?? user.email;
    if ((this.#idsByEmail.get(emailKey(email)) ?? id) !== id) return { outcome: 'email_taken' };
    this.#idsByEmail.delete(emailKey(user.email));
    this.#idsByEmail.set(emailKey(email), id);
    const after = this.#replace(credential, {
      email,
      firstName: changes.firstName === undefined ? user.firstName : changes.firstName,
      lastName: changes.lastName === undefined ? user.lastName : changes.lastName,
      role: changes.role ?? user.role,
      disabled: changes.disabled ?? user.disabled,
      credentialVersion: user.credentialVersion + (changes.disabled ? 1 : 0),
      updatedAt: now,
    });
    return { outcome: 'updated', before: copyOf(user), after };
  }

  async replacePassword(id: string, version: number, hash: string, now: Date): Promise<User | null> {
    const credential = this.#credentials.get(id);
    if (credential?.user.credentialVersion !== version) return null;
    return this.#replace(credential, { credentialVersion: version + 1, updatedAt: now }, hash);
  }

  async upgradeHash(id: string, from: string, to: string): Promise<boolean> {
    const credential = this.#credentials.get(id);
    if (credential?.passwordHash !== from) return false;
    this.#replace(credential, {}, to);
    return true;
  }

  async remove(id: string): Promise<UserRemoval> {
    const credential = this.#credentials.get(id);
    if (!credential) return 'not_found';
    if (this.#isLastAdmin(credential.user)) return 'last_admin';
    this.#idsByEmail.delete(emailKey(credential.user.email));
    this.#credentials.delete(id);
    this.#places.splice(this.#placeAfter(credential.user) - 1, 1);
    return 'removed';
  }

  /** How many places in lists are not after this one. */
  #placeAfter(position: UserPosition): number {
    let [from, to] = [0, this.#places.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (compare(this.#places[middle]!, position) > 0) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  #isLastAdmin(user: User): boolean {
    if (!isAdmin(user)) return false;
    for (const { user: other } of this.#credentials.values())
      if (other.id !== user.id && isAdmin(other)) return false;
    return true;
  }

  #replace({ user, passwordHash }: Credential, changes: Partial<User>, hash = passwordHash): User {
    const changed = { ...user, ...changes };
    this.#credentials.set(user.id, { user: changed, passwordHash: hash });
    return copyOf(changed);
  }
}

/** Of those who may sign in. */
function isAdmin({ role, disabled }: User): boolean {
  return role === 'admin' && !disabled;
}

function copyOf(user: User): User {
  return { ...user, createdAt: new Date(user.createdAt), updatedAt: new Date(user.updatedAt) };
}

function compare(a: UserPosition, b: UserPosition): number {
  return a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : Number(a.id > b.id));
}
