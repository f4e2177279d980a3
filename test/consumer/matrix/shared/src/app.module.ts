import { Body, Controller, Get, Injectable, Module, Post, ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { Type } from 'class-transformer';
import {
  IsInt,
  Validate,
  ValidateNested,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { CoatcheckModule, CurrentUser, OptionalAuth, Public, Roles, type User } from 'coatcheck';
import { smtp } from 'coatcheck/smtp';

/** The tests of the package set them. */
const { STORE = 'memory:', SESSIONS = STORE, HASH, FACTOR, MAIL_URL } = process.env;

const apps = { key: 'a-key-of-factors-with-32-characters' };
const passkeys = { rpId: 'example.com', origins: ['https://example.com'] };

@Injectable()
export class Greetings {
  greet(user: User | null): object {
    return { greeting: `Hello ${user?.email ?? 'stranger'}` };
  }
}

/** A rule that Nest makes, because it needs a provider. */
@ValidatorConstraint()
@Injectable()
export class IsGreeting implements ValidatorConstraintInterface {
  constructor(private readonly greetings: Greetings) {}

  validate(value: unknown): boolean {
    return JSON.stringify(this.greetings.greet(null)).includes(`"${String(value)}"`);
  }
}

export class SizeDto {
  @IsInt()
  width!: number;
}

export class CardDto {
  @Validate(IsGreeting)
  text!: string;

  @ValidateNested()
  @Type(() => SizeDto)
  size!: SizeDto;
}

@Controller('pages')
export class PagesController {
  constructor(private readonly greetings: Greetings) {}

  @Get()
  @OptionalAuth()
  welcome(@CurrentUser() user: User | null): object {
    return this.greetings.greet(user);
  }

  @Get('mine')
  mine(@CurrentUser() user: User): object {
    return this.greetings.greet(user);
  }

  @Get('admin')
  @Roles('admin')
  admin(): object {
    return {};
  }

  @Post('echo')
  @Public()
  echo(@Body() body: CardDto): object {
    return { isSize: body.size instanceof SizeDto, ...body };
  }
}

@Module({
  imports: [
    CoatcheckModule.forRootAsync({
      type: 'session_exp_auth',
      factors: FACTOR !== undefined,
      mail: MAIL_URL !== undefined,
      useFactory: () => ({
        storage: { database: STORE, sessions: SESSIONS },
        users: {
          passwordHash: HASH === 'argon2id' ? HASH : 'bcrypt',
          passwordCost: 4,
          registration: 'open',
        },
        cookie: { name: 'sid', secure: false },
        ...(FACTOR && {
          factors: {
            service: 'Example',
            ...(FACTOR === 'app' ? apps : { key: null, totp: false, passkeys }),
          },
        }),
        ...(MAIL_URL && {
          mail: { mailer: smtp(MAIL_URL), from: 'no-reply@example.com', publicUrl: 'https://example.com' },
        }),
      }),
    }),
  ],
  controllers: [PagesController],
  providers: [
    Greetings,
    IsGreeting,
    { provide: APP_PIPE, useValue: new ValidationPipe({ transform: true, whitelist: true }) },
  ],
})
export class AppModule {}
