import { Injectable, Optional } from '@nestjs/common';
import { checkNeeds } from '../common/needs.js';
import { OptionsError } from '../common/options.js';
import { SessionStore } from '../sessions/session-store.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { Accounts } from '../users/accounts.js';
import { CredentialStore } from '../users/credential-store.js';
import { PasswordsService } from '../users/passwords.service.js';
import { UserStore } from '../users/user-store.js';
import { UsersOptions } from '../users/users-options.js';
import { AuthOptions } from './auth-options.js';

/** What `AuthModule` needs from other modules. Stops the start with all that is missing at once. */
@Injectable()
export class AuthNeeds {
  constructor(
    @Optional() readonly passwords: PasswordsService,
    @Optional() readonly sessions: SessionsService,
    @Optional() readonly accounts: Accounts,
    @Optional() readonly usersOptions: UsersOptions,
    @Optional() readonly userStore: UserStore,
    @Optional() readonly credentialStore: CredentialStore,
    @Optional() readonly sessionStore: SessionStore,
    { adminRole }: AuthOptions,
  ) {
    checkNeeds('AuthModule', {
      UsersModule: passwords && accounts,
      SessionsModule: sessions,
      ...(accounts && !accounts.isBuiltIn ? { CredentialStore: credentialStore } : { UserStore: userStore }),
      SessionStore: sessionStore,
    });
    if (accounts.isBuiltIn && adminRole !== 'admin')
      throw new OptionsError('AuthOptions', [
        'adminRole: must be admin for the built-in users; another role needs a users.directory of your own',
      ]);
  }
}
