/* oxlint-disable typescript/no-unnecessary-type-arguments -- In an application with a type of its own, the default is not `User`. */
import { identityOf } from './identity.js';
import { type AddressRule, type User, isAddressOf } from './user.js';
import { type Account, UserDirectory } from './user-directory.js';
import type { UserStore } from './user-store.js';

/** The users of a `UserStore`, who sign in with their e-mail address. */
export class BuiltInDirectory extends UserDirectory<User> {
  constructor(
    private readonly users: UserStore,
    private readonly rule: AddressRule,
  ) {
    super();
  }

  findById(id: string): Promise<User | null> {
    return this.users.find(id);
  }

  async findByLogin(login: string): Promise<User | null> {
    const found = await this.users.findCredential(login);
    return found && isAddressOf(found.user, login, this.rule) ? found.user : null;
  }

  account(user: User): Account {
    return identityOf(user).account;
  }

  override email({ email }: User): string {
    return email;
  }

  override isEmailVerified({ emailVerifiedAt }: User): boolean {
    return emailVerifiedAt !== null;
  }
}
