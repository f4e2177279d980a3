import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { SecurityEvents } from './audit/security-events.js';
import { type AsyncOptions, assertAsync, optionsProvider } from './common/async-options.js';
import { Clock, SystemClock } from './common/clock.js';
import { MADE_BY_FOR_ROOT, NeedsForRoot } from './common/for-root.js';
import { assertObject } from './common/options.js';
import { EmailsController } from './http/api/emails/emails.controller.js';
import { InvitationsController } from './http/api/users/invitations.controller.js';
import { MailComposer } from './mail/mail-composer.js';
import { MailOptions, type MailOptionsGiven } from './mail/mail-options.js';
import { Mailer } from './mail/mailer.js';
import { Outbox } from './mail/outbox.js';
import { routesNeedAuth } from './route-check.js';
import { StartCheck } from './start-check.js';
import { CredentialVerifier } from './users/credential-verifier.js';
import { AccountMails } from './users/mails/account-mails.js';
import { AddressChanges } from './users/mails/address-changes.js';
import { EmailService } from './users/mails/email.service.js';
import { KnownClients } from './users/mails/known-clients.js';
import { MailLimits } from './users/mails/mail-limits.js';
import { MailNeeds } from './users/mails/mail-needs.js';
import { MailQueue } from './users/mails/mail-queue.js';
import { OneTimeTokens } from './users/one-time-tokens.js';
import { PasswordResetService } from './users/password-reset.service.js';

/** The sender where another process sends. */
const SENT_ELSEWHERE: Pick<Outbox, 'wake'> = { wake: () => {} };

/** The parameters of a constructor without the first ones. */
type AfterFirst<T extends abstract new (...args: never[]) => object> =
  ConstructorParameters<T> extends [unknown, ...infer Rest] ? Rest : never;

type LimitsNeeds = AfterFirst<typeof MailLimits>;
type ComposerNeeds = AfterFirst<typeof AccountMails>;
type QueueNeeds = AfterFirst<typeof MailQueue>;
type EmailNeeds = [Clock, SecurityEvents, CredentialVerifier | undefined];

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
      MailNeeds,
      ...[OneTimeTokens, AddressChanges, KnownClients].map((Kept) => ({
        provide: Kept,
        inject: [MailNeeds, Clock],
        useFactory: ({ tokens }: MailNeeds, clock: Clock) => new Kept(tokens, clock),
      })),
      {
        provide: MailLimits,
        inject: [MailNeeds, Clock, MailOptions],
        useFactory: ({ tokens }: MailNeeds, ...rest: LimitsNeeds) => new MailLimits(tokens, ...rest),
      },
      {
        provide: Mailer,
        inject: [MailOptions, ModuleRef],
        useFactory: ({ mailer }: MailOptions, modules: ModuleRef) =>
          mailer instanceof Mailer ? mailer : modules.create(mailer),
      },
      {
        provide: MailComposer,
        inject: [
          MailNeeds,
          OneTimeTokens,
          AddressChanges,
          KnownClients,
          MailLimits,
          MailOptions,
          SecurityEvents,
        ],
        useFactory: ({ accounts }: MailNeeds, ...rest: ComposerNeeds) => new AccountMails(accounts, ...rest),
      },
      sends
        ? {
            provide: Outbox,
            inject: [MailNeeds, MailComposer, Mailer, Clock],
            useFactory: ({ outbox }: MailNeeds, ...rest: [MailComposer, Mailer, Clock]) =>
              new Outbox(outbox, ...rest),
          }
        : { provide: Outbox, useValue: SENT_ELSEWHERE },
      {
        provide: MailQueue,
        inject: [MailNeeds, Outbox, MailLimits, Clock, MailOptions],
        useFactory: ({ outbox }: MailNeeds, ...rest: QueueNeeds) => new MailQueue(outbox, ...rest),
      },
      {
        provide: EmailService,
        inject: [
          MailNeeds,
          OneTimeTokens,
          AddressChanges,
          MailQueue,
          // It is there where `MailNeeds` is.
          { token: PasswordResetService, optional: true },
          Clock,
          SecurityEvents,
          { token: CredentialVerifier, optional: true },
        ],
        useFactory: (
          { accounts, throttle }: MailNeeds,
          tokens: OneTimeTokens,
          changes: AddressChanges,
          mails: MailQueue,
          resets: PasswordResetService,
          ...rest: EmailNeeds
        ) => new EmailService(accounts, tokens, changes, mails, resets, throttle, ...rest),
      },
    ],
    exports: [MailOptions, MailQueue, EmailService, AddressChanges, Mailer, MailComposer],
    global: true,
  };
}
