import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, type INestApplication, Module, Post, type Type, UseGuards } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  AuditModule,
  AuthGuard,
  AuthModule,
  CoatcheckModule,
  Fresh,
  FreshGuard,
  MailModule,
  Roles,
  RolesGuard,
  SessionsModule,
  StorageModule,
  UsersModule,
} from 'coatcheck';

const MEMORY = {
  type: 'session_auth',
  storage: { database: 'memory:' },
  users: { passwordCost: 4 },
  cookie: { name: 'sid', secure: false },
} as const;

@Controller('coats')
@UseGuards(AuthGuard)
class HalfGuarded {
  @Get('all')
  @Roles('admin')
  all() {}

  @Post('sell')
  @Fresh('5m')
  sell() {}
}

@Controller('coats')
@UseGuards(AuthGuard, RolesGuard, FreshGuard)
class Guarded extends HalfGuarded {}

describe('An application', () => {
  const apps: INestApplication[] = [];

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });

  async function start(
    metadata: NonNullable<Parameters<typeof Module>[0]>,
    byTest: boolean,
  ): Promise<INestApplication> {
    @Module(metadata)
    class HostModule {}
    const app = byTest
      ? (await Test.createTestingModule({ imports: [HostModule] }).compile()).createNestApplication({
          logger: false,
        })
      : await NestFactory.create(HostModule, { logger: false, abortOnError: false });
    apps.push(app);
    return app.init();
  }

  describe.each([
    ['NestFactory', false],
    ['createNestApplication', true],
  ] as const)('by %s', (_, byTest) => {
    it.each<Type>([
      CoatcheckModule,
      AuthModule,
      UsersModule,
      SessionsModule,
      AuditModule,
      StorageModule,
      MailModule,
    ])('does not start with the bare class of %p', async (module) => {
      await expect(start({ imports: [module] }, byTest)).rejects.toThrow(
        `${module.name} is imported without forRoot. Import ${module.name}.forRoot(`,
      );
    });

    it('does not start where @Roles() and @Fresh() would do nothing, and says of each handler what to add', async () => {
      const imports = [CoatcheckModule.forRoot({ ...MEMORY, global: false })];
      const started = start({ imports, controllers: [HalfGuarded] }, byTest);
      await expect(started).rejects.toThrow(
        /HalfGuarded\.all has @Roles\(\) without RolesGuard.*@UseGuards\(AuthGuard, RolesGuard, FreshGuard\)[^]*HalfGuarded\.sell has @Fresh\(\) without FreshGuard/,
      );
    });

    it.each([
      ['its controller has the guards', { controllers: [Guarded] }],
      [
        'they are its APP_GUARDs',
        {
          controllers: [HalfGuarded],
          providers: [AuthGuard, RolesGuard, FreshGuard].map((guard) => ({
            provide: APP_GUARD,
            useExisting: guard,
          })),
        },
      ],
    ])('starts where %s', async (__, metadata) => {
      const imports = [CoatcheckModule.forRoot({ ...MEMORY, global: false })];
      expect(await start({ imports, ...metadata }, byTest)).toBeDefined();
    });

    it('starts where the guards are global', async () => {
      const imports = [CoatcheckModule.forRoot(MEMORY)];
      expect(await start({ imports, controllers: [HalfGuarded] }, byTest)).toBeDefined();
    });
  });
});
