import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { SecurityEvents } from './audit/security-events.js';
import { type AsyncOptions, assertAsync, optionsProvider } from './common/async-options.js';
import { Clock, SystemClock } from './common/clock.js';
import { MADE_BY_FOR_ROOT, NeedsForRoot } from './common/for-root.js';
import { checkNeeds } from './common/needs.js';
import { assertObject } from './common/options.js';
import { EmailsController } from './http/api/emails/emails.controller.js';
import { InvitationsController } from './http/api/users/invitations.controller.js';
import { MailComposer } from './mail/mail-composer.js';
import { MailOptions, type MailOptionsGiven } from './mail/mail-options.js';
import { Mailer } from './mail/mailer.js';
import { Outbox } from './mail/outbox.js';
import { OutboxStore } from './mail/outbox-store.js';
import { routesNeedAuth } from './route-check.js';
import { StartCheck } from './start-check.js';
import { GuessThrottle } from './throttle/guess-throttle.js';
import { Accounts } from './users/accounts.js';
import { CredentialVerifier } from './users/credential-verifier.js';
import { AccountMails } from './users/mails/account-mails.js';
import { AddressChanges } from './users/mails/address-changes.js';
import { EmailService } from './users/mails/email.service.js';
import { KnownClients } from './users/mails/known-clients.js';
import { MailLimits } from './users/mails/mail-limits.js';
import { MailQueue } from './users/mails/mail-queue.js';
import { OneTimeTokens } from './users/one-time-tokens.js';
import { PasswordResetService } from './users/password-reset.service.js';
import { TokenStore } from './users/token-store.js';

/** The sender where another process sends. */
const SENT_ELSEWHERE: Pick<Outbox, 'wake'> = { wake: () => {} };

type OutboxNeeds = [OutboxStore, MailComposer, Mailer, Clock];

export type MailSyncOptions = MailOptionsGiven & Pick<ModuleMetadata, 'imports'>;

/** `routes` stands beside the factory, as it decides which controllers there are. */
export interface MailAsyncOptions
  extends AsyncOptions<Omit<MailOptionsGiven, 'routes'>>, Pick<MailOptionsGiven, 'routes'> {}

/**
 * Sends the mails of accounts, and serves the flows that need them. Needs an `OutboxStore` and a `TokenStore`, which `StorageModule` or a
 * global module of yours provides, and `UsersModule`.
 */
@Module({})
export class MailModule extends NeedsForRoot {
  /** `imports` are the modules of what your mailer injects. If `sends` is false, another process sends the mails. */
  static forRoot(all: MailSyncOptions, { sends = true }: { readonly sends?: boolean } = {}): DynamicModule {
    assertObject('MailOptions', all);
    const { imports = [], ...given } = all;
    const options = new MailOptions(given);
    return moduleOf(options.routes, imports, { provide: MailOptions, useValue: options }, sends);
  }

  static forRootAsync(all: MailAsyncOptions): DynamicModule {
    assertAsync('MailOptions', all, ['routes']);
    const { routes = true, ...given } = all;
    return moduleOf(routes, given.imports, optionsProvider(MailOptions, given, { routes }));
  }
}

function moduleOf(
  routes: boolean,
  imports: ModuleMetadata['imports'],
  options: Provider<MailOptions>,
  sends = true,
): DynamicModule {
  return {
    module: MailModule,
    imports,
    controllers: routes ? [EmailsController, InvitationsController] : [],
    providers: [
      MADE_BY_FOR_ROOT,
      StartCheck,
      ...(routes ? [routesNeedAuth('MailModule')] : []),
      options,
      SecurityEvents,
      { provide: Clock, useClass: SystemClock },
      {
        provide: OneTimeTokens,
        inject: [
          { token: TokenStore, optional: true },
          { token: OutboxStore, optional: true },
          { token: Accounts, optional: true },
          Clock,
        ],
        useFactory: (
          tokens: TokenStore | undefined,
          outbox: OutboxStore | undefined,
          accounts: Accounts | undefined,
          clock: Clock,
        ) => {
          checkNeeds('MailModule', { TokenStore: tokens, OutboxStore: outbox, UsersModule: accounts });
          return new OneTimeTokens(tokens!, clock);
        },
      },
      AddressChanges,
      KnownClients,
      MailLimits,
      {
        provide: Mailer,
        inject: [MailOptions, ModuleRef],
        useFactory: ({ mailer }: MailOptions, modules: ModuleRef) =>
          mailer instanceof Mailer ? mailer : modules.create(mailer),
      },
      { provide: MailComposer, useClass: AccountMails },
      sends
        ? {
            provide: Outbox,
            inject: [OutboxStore, MailComposer, Mailer, Clock],
            useFactory: (...needs: OutboxNeeds) => new Outbox(...needs),
          }
        : { provide: Outbox, useValue: SENT_ELSEWHERE },
      MailQueue,
      {
        provide: EmailService,
        inject: [
          Accounts,
          OneTimeTokens,
          AddressChanges,
          MailQueue,
          PasswordResetService,
          GuessThrottle,
          Clock,
          SecurityEvents,
          { token: CredentialVerifier, optional: true },
        ],
        useFactory: (...needs: ConstructorParameters<typeof EmailService>) => new EmailService(...needs),
      },
    ],
    exports: [MailOptions, MailQueue, EmailService, AddressChanges, Mailer, MailComposer],
    global: true,
  };
}
