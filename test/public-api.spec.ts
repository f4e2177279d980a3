import { describe, expect, it } from '@jest/globals';
import * as main from 'coatcheck';
import * as testing from 'coatcheck/testing';

describe('The public names', () => {
  it('of the package are these', () => {
    expect(Object.keys(main).toSorted()).toEqual([
      'ALX',
      'ANONYMOUS',
      'AppModule',
      'Auth',
      'AuthChain',
      'AuthGuard',
      'AuthModule',
      'AuthOptions',
      'BasicAuth',
      'BcryptPasswordHasher',
      'Clock',
      'ConfigError',
      'CurrentSession',
      'CurrentUser',
      'DomainError',
      'ENDING_KEPT_FOR',
      'HttpOptions',
      'JsonExpressAdapter',
      'MemorySessionStore',
      'MemoryUserStore',
      'NEVER',
      'OptionalAuth',
      'PasswordHasher',
      'Public',
      'ReadsOwnBody',
      'Roles',
      'RolesGuard',
      'STANDARD',
      'STANDARD_PRESENTATION',
      'SessionAuth',
      'SessionCookie',
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
      'StorageModule',
      'StorageOptions',
      'StoreUnavailableError',
      'SystemClock',
      'UserStore',
      'UsersModule',
      'UsersOptions',
      'UsersService',
      'configureApp',
      'createApp',
      'createExpressServer',
      'emailKey',
      'loadConfig',
      'rejected',
      'sessionUsersOf',
      'userJson',
    ]);
  });

  it('of the test kit are these', () => {
    expect(Object.keys(testing).toSorted()).toEqual([
      'FakeClock',
      'aSession',
      'aUser',
      'describeAuth',
      'describeSessionStore',
      'describeUserStore',
    ]);
  });
});
