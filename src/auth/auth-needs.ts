import { Injectable, Optional } from '@nestjs/common';
import { checkNeeds } from '../common/needs.js';
import { SessionStore } from '../sessions/session-store.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { Accounts } from '../users/accounts.js';
import { CredentialStore } from '../users/credential-store.js';
import { PasswordsService } from '../users/passwords.service.js';
import { UserStore } from '../users/user-store.js';
import { UsersOptions } from '../users/users-options.js';

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
  ) {
    checkNeeds('AuthModule', {
      UsersModule: passwords && accounts,
      SessionsModule: sessions,
      ...(accounts && !accounts.isBuiltIn ? { CredentialStore: credentialStore } : { UserStore: userStore }),
      SessionStore: sessionStore,
    });
  }
}
