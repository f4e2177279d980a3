import { describe, expect, it } from '@jest/globals';
import { MemoryCredentialStore } from '../storage/memory/memory.credential-store.js';
import { FakeClock } from '../testing/fake-clock.js';
import { aSignInSource, aThrottle, aUser } from '../testing/samples.js';
import { DirectoryAccounts } from './accounts.js';
import { identityOf } from './identity.js';
import { BcryptPasswordHasher } from './passwords/bcrypt.password-hasher.js';
import { PasswordsService } from './passwords.service.js';
import { UserDirectory } from './user-directory.js';
import type { User } from './user.js';
import { UsersOptions } from './users-options.js';

/** Finds a user whatever it is asked for, as a query of MongoDB may. */
class CarelessDirectory extends UserDirectory {
  asked = 0;

  async findById(): Promise<User> {
    return aUser();
  }

  async findByLogin(): Promise<User> {
    this.asked += 1;
    return aUser();
  }

  account({ id, email }: User) {
    return { id, login: email, roles: [], disabled: false };
  }
}

function opened() {
  const directory = new CarelessDirectory();
  const clock = new FakeClock();
  const passwords = new PasswordsService(
    new DirectoryAccounts(directory, new MemoryCredentialStore()),
    new BcryptPasswordHasher({ cost: 4, pepper: null }),
    aThrottle(clock),
    clock,
    new UsersOptions(),
  );
  return { directory, passwords };
}

/** A handler may pass on a body that it has not checked. */
describe('What is no text', () => {
  it.each([
    [{ $ne: null }, 'several unrelated words'],
    [['ann@example.com'], 'several unrelated words'],
    ['ann@example.com', { $ne: null }],
    ['ann@example.com', undefined],
    [null, 5],
  ])('is neither a login nor a password, and nobody is looked up: %j, %j', async (login, password) => {
    const { directory, passwords } = opened();
    const verified = passwords.verify(login as string, password as string, aSignInSource());
    expect(await verified).toEqual({ outcome: 'wrong_password' });
    expect(directory.asked).toBe(0);
  });

  it.each([
    ['current', { $ne: null }, 'some other unrelated words', 'current_password_wrong'],
    ['new', 'several unrelated words', ['some other unrelated words'], 'validation_failed'],
  ])('is no %s password', async (_, current, next, code) => {
    const { passwords } = opened();
    const changed = passwords.change(identityOf(aUser()), current as string, next as string, aSignInSource());
    await expect(changed).rejects.toMatchObject({ code });
  });
});
