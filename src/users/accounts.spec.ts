import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ForbiddenException, Logger } from '@nestjs/common';
import { DomainError, StoreUnavailableError } from '../common/domain-error.js';
import { MemoryCredentialStore } from '../storage/memory/memory.credential-store.js';
import { MemoryUserStore } from '../storage/memory/memory.user-store.js';
import { FakeClock } from '../testing/fake-clock.js';
import { aSignInSource, aThrottle, aUser } from '../testing/samples.js';
import { BuiltInAccounts, DirectoryAccounts } from './accounts.js';
import { CredentialVerifier, type PasswordAttempt } from './credential-verifier.js';
import { BcryptPasswordHasher } from './passwords/bcrypt.password-hasher.js';
import { PasswordsService } from './passwords.service.js';
import { NO_PASSWORD } from './user.js';
import { type Account, UserDirectory } from './user-directory.js';
import { UsersOptions } from './users-options.js';

const noon = new Date('2026-01-01T12:00:00.000Z');

interface Person {
  readonly id: number;
  readonly name: string;
  readonly hash: string | null;
}

/** A table with integer ids, whose users sign in with their names. */
class PersonDirectory extends UserDirectory<Person> {
  constructor(private readonly people: readonly Person[]) {
    super();
  }

  async findById(id: string): Promise<Person | null> {
    return this.people.find((person) => String(person.id) === id) ?? null;
  }

  async findByLogin(login: string): Promise<Person | null> {
    return this.people.find(({ name }) => name === login) ?? null;
  }

  account({ id, name }: Person): Account {
    return { id: String(id), login: name, roles: ['guest'], disabled: false };
  }

  override legacyHash({ hash }: Person): string | null {
    return hash;
  }
}

const ann: Person = { id: 7, name: 'ann', hash: 'legacy' };
const ben: Person = { id: 8, name: 'ben', hash: null };

function accountsOf(directory: UserDirectory<Person> = new PersonDirectory([ann, ben])) {
  const credentials = new MemoryCredentialStore();
  return { credentials, accounts: new DirectoryAccounts(directory, credentials) };
}

/** Accepts one password, and counts how often it is asked. */
class OnePassword extends CredentialVerifier<Person> {
  asked = 0;
  password = 'right';

  async verify({ password, user }: PasswordAttempt<Person>): Promise<Person | null> {
    this.asked += 1;
    return password === this.password ? user : null;
  }
}

describe('A credential that a verifier of the application has accepted', () => {
  const opened = () => {
    const [clock, verifier] = [new FakeClock(), new OnePassword()];
    const { accounts, credentials } = accountsOf();
    const hasher = new BcryptPasswordHasher({ cost: 4, pepper: null });
    const rest = [hasher, aThrottle(clock), clock, new UsersOptions(), undefined, undefined] as const;
    const passwords = new PasswordsService<Person>(accounts, ...rest, verifier);
    const recognize = async (password = 'right') => {
      const result = await passwords.recognize('ann', password, aSignInSource());
      return [result.outcome, 'isKnown' in result, verifier.asked];
    };
    return { clock, verifier, credentials, recognize };
  };

  it('is accepted for a minute without asking, from the time of the question', async () => {
    const { clock, recognize } = opened();
    expect(await recognize()).toEqual(['verified', false, 1]);
    clock.advance(59_999);
    expect(await recognize()).toEqual(['verified', true, 1]);
    clock.advance(1);
    expect(await recognize()).toEqual(['verified', false, 2]);
  });

  it('is refused after a minute if the verifier refuses it', async () => {
    const { clock, verifier, recognize } = opened();
    await recognize();
    verifier.password = 'another';
    clock.advance(60_000);
    expect(await recognize()).toEqual(['wrong_password', false, 2]);
  });

  it('is verified again at once after the credential version has changed', async () => {
    const { verifier, credentials, recognize } = opened();
    await recognize();
    await credentials.revoke('7');
    verifier.password = 'another';
    expect(await recognize()).toEqual(['wrong_password', false, 2]);
  });

  it('leaves refusals to the verifier each time', async () => {
    const { recognize } = opened();
    for (const asked of [1, 2]) expect(await recognize('wrong')).toEqual(['wrong_password', false, asked]);
  });
});

describe("The accounts of an application's directory", () => {
  it('have the hash of the existing system and the first version, until something is stored', async () => {
    const { accounts } = accountsOf();
    const account = { id: '7', login: 'ann', roles: ['guest'], disabled: false };
    const known = { user: ann, account, credential: { passwordHash: 'legacy', version: 1 } };
    expect(await accounts.findById('7')).toEqual(known);
    expect(await accounts.findByLogin('ann')).toEqual(known);
    expect((await accounts.findByLogin('ben'))?.credential).toEqual({ passwordHash: null, version: 1 });
  });

  it('are null for an unknown id and an unknown login', async () => {
    const { accounts } = accountsOf();
    expect(await accounts.findById('9')).toBeNull();
    expect(await accounts.findByLogin('cid')).toBeNull();
    expect(await accounts.replacePassword('9', 1, 'hash', noon)).toBeNull();
  });

  it('have the stored hash and version after that of the existing system was adopted', async () => {
    const { accounts, credentials } = accountsOf();
    const known = await accounts.findByLogin('ann');
    expect(await accounts.upgradeHash(known!, 'new', noon)).toBe(true);
    expect(await credentials.find('7')).toEqual({ passwordHash: 'new', version: 1 });
    const upgraded = await accounts.findById('7');
    expect(upgraded?.credential).toEqual({ passwordHash: 'new', version: 1 });
    expect(await accounts.upgradeHash(upgraded!, 'newer', noon)).toBe(true);
    expect((await accounts.findById('7'))?.credential.passwordHash).toBe('newer');
  });

  it('keep a changed password when the old hash is adopted late', async () => {
    const { accounts } = accountsOf();
    const known = await accounts.findByLogin('ann');
    await accounts.replacePassword('7', 1, 'chosen', noon);
    expect(await accounts.upgradeHash(known!, 'new', noon)).toBe(false);
    expect((await accounts.findById('7'))?.credential).toEqual({ passwordHash: 'chosen', version: 2 });
  });

  it('store no hash again that was deleted after it was verified', async () => {
    const { accounts, credentials } = accountsOf();
    await credentials.adopt('7', 'new');
    const known = await accounts.findByLogin('ann');
    await credentials.remove('7');
    expect(await accounts.upgradeHash(known!, 'newer', noon)).toBe(false);
    expect(await credentials.find('7')).toBeNull();
  });

  it('store no hash of a user without a password', async () => {
    const { accounts, credentials } = accountsOf();
    const known = await accounts.findByLogin('ben');
    expect(await accounts.upgradeHash(known!, 'new', noon)).toBe(false);
    expect(await credentials.find('8')).toBeNull();
  });

  it('keep the hash of the existing system when sessions are revoked', async () => {
    const { accounts } = accountsOf();
    expect(await accounts.revoke('7', noon)).toBe(2);
    expect((await accounts.findById('7'))?.credential).toEqual({ passwordHash: 'legacy', version: 2 });
  });

  it('have their password replaced once for each version', async () => {
    const { accounts } = accountsOf();
    const replaced = await accounts.replacePassword('7', 1, 'chosen', noon);
    expect(replaced).toMatchObject({ user: ann, credential: { passwordHash: 'chosen', version: 2 } });
    expect(await accounts.replacePassword('7', 1, 'other', noon)).toBeNull();
    expect(await accounts.findById('7')).toEqual(replaced);
  });

  it('are revoked although the directory cannot answer', async () => {
    const { accounts } = accountsOf(directoryThat(() => Promise.reject(new Error('lost'))));
    expect(await accounts.revoke('7', noon)).toBe(2);
  });
});

/** A directory of Ann, with `findById` and members replaced. */
function directoryThat(
  findById: () => Promise<Person | null>,
  members: Partial<PersonDirectory> = {},
): UserDirectory<Person> {
  return Object.assign(new PersonDirectory([ann]), { findById, ...members });
}

const account = new PersonDirectory([]).account(ann);

describe('A directory that fails', () => {
  const logged: unknown[] = [];
  const note = (...words: unknown[]) => void logged.push(words.join(' '));

  beforeEach(() => Logger.overrideLogger({ log: note, warn: note, error: note }));
  afterEach(() => {
    Logger.overrideLogger(true);
    logged.length = 0;
  });

  it.each<[string, () => Promise<never>]>([
    ['with an error', () => Promise.reject(new Error('connection lost'))],
    [
      'before it returns',
      () => {
        throw new TypeError('undefined is no pool');
      },
    ],
    ['with what is no error', () => Promise.reject('lost')],
  ])('is a store that cannot answer, and leaves the password as it is: %s', async (_, findById) => {
    const { accounts, credentials } = accountsOf(directoryThat(findById, { findByLogin: findById }));
    for (const call of [
      accounts.findById('7'),
      accounts.findByLogin('ann'),
      accounts.replacePassword('7', 1, 'hash', noon),
    ])
      await expect(call).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(await credentials.find('7')).toBeNull();
    expect(logged).toHaveLength(3);
    for (const line of logged) expect(line).toMatch(/PersonDirectory failed\..*(lost|no pool)/s);
  });

  it('is a store that cannot answer in account() and legacyHash(), too', async () => {
    const broken = (): never => {
      throw new TypeError('Cannot read properties of undefined');
    };
    for (const members of [{ account: broken }, { legacyHash: broken }]) {
      const { accounts } = accountsOf(directoryThat(async () => ann, members));
      await expect(accounts.findById('7')).rejects.toBeInstanceOf(StoreUnavailableError);
    }
  });

  it('passes on a refusal of ours, and no other HttpException', async () => {
    const busy = new DomainError('busy');
    const failing = (refusal: Error) => accountsOf(directoryThat(() => Promise.reject(refusal))).accounts;
    await expect(failing(busy).findById('7')).rejects.toBe(busy);
    await expect(failing(new ForbiddenException()).findById('7')).rejects.toBeInstanceOf(
      StoreUnavailableError,
    );
    expect(logged).toHaveLength(1);
  });
});

describe('A directory with a defect', () => {
  it('finds nobody where it gives undefined', async () => {
    const { accounts } = accountsOf(directoryThat(async () => undefined as never));
    expect(await accounts.findById('7')).toBeNull();
  });

  it('has no hash where it gives an empty one or undefined', async () => {
    for (const hash of ['', undefined]) {
      const legacyHash = () => hash as never;
      const { accounts } = accountsOf(directoryThat(async () => ann, { legacyHash }));
      expect((await accounts.findById('7'))?.credential.passwordHash).toBeNull();
    }
  });

  it.each<[object | null, string]>([
    [{ ...account, id: 7 }, 'id must be a text that is not empty, such as String(user.id), and is number'],
    [{ ...account, id: new Date() }, 'and is Date'],
    [{ ...account, id: '' }, 'and is empty'],
    [{ ...account, id: null }, 'and is null'],
    [{ ...account, login: undefined }, 'login must be a text, and is undefined'],
    [{ ...account, roles: 'guest' }, 'roles must be an array of texts'],
    [{ ...account, roles: [1] }, 'roles must be an array of texts'],
    [{ ...account, disabled: 0 }, 'disabled must be a boolean, and is number'],
    [{ ...account, disabled: undefined }, 'disabled must be a boolean, and is undefined'],
    [null, 'id must be a text'],
  ])('is refused with the fault: %j', async (wrong, fault) => {
    const { accounts } = accountsOf(directoryThat(async () => ann, { account: () => wrong as never }));
    for (const call of [accounts.findById('7'), accounts.findByLogin('ann')])
      await expect(call).rejects.toThrow(fault);
  });

  it('is refused when it finds another user than the one asked for', async () => {
    const { accounts, credentials } = accountsOf(directoryThat(async () => ann));
    for (const call of [accounts.findById('07'), accounts.replacePassword('07', 1, 'hash', noon)])
      await expect(call).rejects.toThrow('PersonDirectory.findById("07") found another user');
    expect(await credentials.find('07')).toBeNull();
  });
});

describe('The accounts of the built-in users', () => {
  const user = aUser({ email: 'Ann@example.com', role: 'admin' });

  async function stored(exactEmails = false) {
    const users = new MemoryUserStore();
    await users.insert(user, 'hash');
    return { users, accounts: new BuiltInAccounts(users, { exactEmails }) };
  }

  const known = {
    user,
    account: { id: user.id, login: 'Ann@example.com', roles: ['admin'], disabled: false },
    credential: { passwordHash: 'hash', version: 1 },
  };

  it('are found by id and by address', async () => {
    const { accounts } = await stored();
    expect(await accounts.findById(user.id)).toEqual(known);
    expect(await accounts.findByLogin(' ann@EXAMPLE.com')).toEqual(known);
    expect(await accounts.findById('unknown')).toBeNull();
    expect(await accounts.findByLogin('ben@example.com')).toBeNull();
  });

  it('are found by the exact address alone with exactEmails', async () => {
    const { accounts } = await stored(true);
    expect(await accounts.findByLogin('Ann@example.com')).toEqual(known);
    expect(await accounts.findByLogin('ann@example.com')).toBeNull();
  });

  it('have their password replaced once for each version', async () => {
    const { accounts } = await stored();
    const replaced = await accounts.replacePassword(user.id, 1, 'chosen', noon);
    expect(replaced?.credential).toEqual({ passwordHash: 'chosen', version: 2 });
    expect(await accounts.findById(user.id)).toEqual(replaced);
    expect(await accounts.replacePassword(user.id, 1, 'other', noon)).toBeNull();
  });

  it('keep a changed password when an old hash is upgraded late', async () => {
    const { accounts } = await stored();
    const before = await accounts.findById(user.id);
    expect(await accounts.upgradeHash(before!, 'new')).toBe(true);
    expect((await accounts.findById(user.id))?.credential).toEqual({ passwordHash: 'new', version: 1 });
    expect(await accounts.upgradeHash(before!, 'newer')).toBe(false);
  });

  it('have no password while they are invited', async () => {
    const { accounts, users } = await stored();
    const lee = aUser({ email: 'lee@example.com' });
    await users.insert(lee, NO_PASSWORD);
    for (const found of [await accounts.findById(lee.id), await accounts.findByLogin(lee.email)])
      expect(found?.credential).toEqual({ passwordHash: null, version: 1 });
  });

  it('are revoked, unless there is no such user', async () => {
    const { accounts } = await stored();
    expect(await accounts.revoke(user.id, noon)).toBe(2);
    expect((await accounts.findById(user.id))?.credential).toEqual({ passwordHash: 'hash', version: 2 });
    await expect(accounts.revoke('unknown', noon)).rejects.toEqual(new DomainError('not_found'));
  });
});
