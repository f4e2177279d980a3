import { describe, expect, it } from '@jest/globals';
import * as main from 'coatcheck';
import * as alx from 'coatcheck/alx';
import * as express from 'coatcheck/express';
import * as fastify from 'coatcheck/fastify';
import * as server from 'coatcheck/server';
import * as smtp from 'coatcheck/smtp';
import * as testing from 'coatcheck/testing';

describe('The public names', () => {
  it('of the package are these', () => {
    expect(Object.keys(main).toSorted()).toEqual([
      'ALL_USERS',
      'ANONYMOUS',
      'AUDIT_TYPES',
      'AUDIT_WINDOW',
      'Accounts',
      'Argon2PasswordHasher',
      'AuditModule',
      'AuditOptions',
      'AuditStore',
      'AuditSweeper',
      'AuditTrail',
      'Auth',
      'AuthChain',
      'AuthGuard',
      'AuthModule',
      'AuthOptions',
      'BasicAuth',
      'BcryptPasswordHasher',
      'BearerCarrier',
      'BuiltInAccounts',
      'BuiltInDirectory',
      'Carriers',
      'Clock',
      'CoatcheckModule',
      'CoatcheckOptions',
      'CookieCarrier',
      'CredentialStore',
      'CredentialVerifier',
      'CurrentExchange',
      'CurrentInitiator',
      'CurrentPrincipal',
      'CurrentSession',
      'CurrentUser',
      'DirectoryAccounts',
      'DomainError',
      'ENDING_KEPT_FOR',
      'EmailService',
      'FIRST_VERSION',
      'FactorResetService',
      'FactorStore',
      'FactorsModule',
      'FactorsOptions',
      'FactorsService',
      'Fresh',
      'FreshGuard',
      'GuessThrottle',
      'MAIL_KINDS',
      'MailComposer',
      'MailModule',
      'MailOptions',
      'MailRefusedError',
      'MailServerUnavailableError',
      'MailTemplates',
      'Mailer',
      'MemoryAuditStore',
      'MemoryCredentialStore',
      'MemoryOutboxStore',
      'MemorySessionStore',
      'MemoryThrottleStore',
      'MemoryTokenStore',
      'MemoryUserStore',
      'NEVER',
      'OnSecurityEvent',
      'OneTimeToken',
      'OptionalAuth',
      'OptionsError',
      'Outbox',
      'OutboxStore',
      'PROOF_KINDS',
      'PasswordHasher',
      'PasswordResetService',
      'PasswordsService',
      'PendingSignIns',
      'Public',
      'Readiness',
      'ReadsOwnBody',
      'Roles',
      'RolesGuard',
      'SecondFactor',
      'SecondSteps',
      'SecurityEvents',
      'SessionAuth',
      'SessionCredentials',
      'SessionDbAuth',
      'SessionExpAuth',
      'SessionLifetime',
      'SessionStore',
      'SessionSweeper',
      'SessionToken',
      'SessionUsers',
      'SessionsModule',
      'SessionsOptions',
      'SessionsService',
      'SignInService',
      'StandardTemplates',
      'StorageModule',
      'StorageOptions',
      'StoreUnavailableError',
      'SystemClock',
      'TextThrottleStore',
      'ThrottleOptions',
      'ThrottleStore',
      'TokenAuth',
      'TokenCarrier',
      'TokenStore',
      'USER_SORTS',
      'UserDirectory',
      'UserListener',
      'UserStore',
      'UsersModule',
      'UsersOptions',
      'UsersService',
      'authRequestOf',
      'chooseLanguage',
      'emailKey',
      'identityOf',
      'initiatorOf',
      'nameKey',
      'pbkdf2Hash',
      'problemDetails',
      'rejected',
      'scryptHash',
      'sessionCredentialsOf',
      'sessionUsersOf',
      'socketPrincipal',
      'userJson',
    ]);
  });

  it('of the server preset are these', () => {
    expect(Object.keys(server).toSorted()).toEqual([
      'AppModule',
      'ConfigError',
      'HttpOptions',
      'configureApp',
      'createApp',
      'loadConfig',
      'newAdapter',
    ]);
  });

  it('of the adapters are these', () => {
    expect(Object.keys(express).toSorted()).toEqual(['JsonExpressAdapter', 'createExpressServer']);
    expect(Object.keys(fastify)).toEqual(['JsonFastifyAdapter']);
  });

  it('of the course contract are these', () => {
    expect(Object.keys(alx).toSorted()).toEqual([
      'ALX_RULES',
      'AlxAppModule',
      'AlxModule',
      'configureAlxApp',
      'createAlxApp',
    ]);
  });

  it('of the mailers are these', () => {
    expect(Object.keys(smtp).toSorted()).toEqual(['faultOfSmtpUrl', 'fileMailer', 'smtp']);
  });

  it('of the test kit are these', () => {
    expect(Object.keys(testing).toSorted()).toEqual([
      'FakeClock',
      'MemoryMailer',
      'TestUser',
      'aMail',
      'aSession',
      'aSignInSource',
      'aThrottle',
      'aUser',
      'anAuditEvent',
      'cookiesFor',
      'describeAuditStore',
      'describeAuth',
      'describeCredentialStore',
      'describeOutboxStore',
      'describeSessionStore',
      'describeThrottleStore',
      'describeTokenStore',
      'describeUserDirectory',
      'describeUserStore',
      'linkIn',
      'loginAs',
      'tokenIn',
    ]);
  });
});
