import { Controller, Get, Module, type Provider } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import {
  AuthGuard,
  CoatcheckModule,
  CurrentUser,
  Fresh,
  FreshGuard,
  OptionalAuth,
  Public,
  Roles,
  RolesGuard,
  type User,
} from 'coatcheck';

/** The tests of the package set them. Brokers are shared, so the patterns have a prefix. */
const { PREFIX = 'coats', TRANSPORT = 'tcp', GUARDS = 'global' } = process.env;

export const pattern = (name: string) => `${PREFIX}.${name}`;

/** Whose events were handled. */
export const events: string[] = [];

@Controller()
export class CoatsController {
  @Get('plain')
  plain() {
    return {};
  }

  @MessagePattern(pattern('open'))
  @Public()
  open() {
    return 'open';
  }

  @MessagePattern(pattern('greeting'))
  @OptionalAuth()
  greeting(@CurrentUser() user: User | null) {
    return `Hello ${user?.email ?? 'stranger'}`;
  }

  @MessagePattern(pattern('me'))
  me(@CurrentUser() user: User) {
    return user.email;
  }

  @MessagePattern(pattern('byRole'))
  @Roles('admin')
  byRole() {
    return 'seen';
  }

  @MessagePattern(pattern('fresh'))
  @Fresh('1s', ({ all }) => all === true)
  fresh() {
    return 'done';
  }

  @EventPattern<string>(pattern('sold'))
  sold(@CurrentUser() user: User) {
    events.push(user.email);
  }

  @EventPattern<string>(pattern('seen'))
  @Public()
  seen() {
    events.push('anyone');
  }
}

/** The guards in the order of the documentation, of an application with guards of its own. */
const LISTED: Provider[] = [AuthGuard, RolesGuard, FreshGuard].map((guard) => ({
  provide: APP_GUARD,
  useExisting: guard,
}));

@Module({
  imports: [
    CoatcheckModule.forRoot({
      type: 'token_auth,basic_auth',
      allowMemorySessionsInTests: true,
      storage: { database: 'memory:' },
      users: { passwordHash: 'bcrypt', passwordCost: 4 },
      remembered: { idle: Infinity, absolute: 1000 },
      cookie: { name: 'sid', secure: false },
      global: GUARDS === 'global',
      ...(TRANSPORT !== 'nats' && {
        messageAuthorization: (message) => (message as { authorization?: string } | null)?.authorization,
      }),
    }),
  ],
  controllers: [CoatsController],
  providers: GUARDS === 'listed' ? LISTED : [],
})
export class AppModule {}
