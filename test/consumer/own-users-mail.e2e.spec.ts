import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Account, CoatcheckModule, CredentialVerifier, EmailService, UserDirectory } from 'coatcheck';
import { MemoryMailer, tokenIn } from 'coatcheck/testing';

interface Person {
  readonly id: string;
  email: string;
  isProved: boolean;
}

const people: Person[] = [];

class Directory extends UserDirectory<Person> {
  override async findById(id: string) {
    return people.find((person) => person.id === id) ?? null;
  }

  override async findByLogin(login: string) {
    return people.find(({ email }) => email === login) ?? null;
  }

  override account({ id, email }: Person): Account {
    return { id, login: email, roles: [], disabled: false };
  }
}

class TellingDirectory extends Directory {
  override isEmailVerified({ isProved }: Person): boolean {
    return isProved;
  }
}

class SavingDirectory extends Directory {
  override async saveEmail(person: Person, email: string): Promise<boolean> {
    Object.assign(person, { email, isProved: true });
    return true;
  }
}

class WholeDirectory extends TellingDirectory {
  override saveEmail(person: Person, email: string): Promise<boolean> {
    return SavingDirectory.prototype.saveEmail(person, email);
  }
}

class OtherSystem extends CredentialVerifier<Person> {
  override async verify(): Promise<null> {
    return null;
  }
}

const apps: INestApplication[] = [];

afterEach(async () => {
  people.length = 0;
  for (const app of apps.splice(0)) await app.close();
});

const KINDS = ['forRoot', 'forRootAsync'] as const;

async function start(
  directory: Type<UserDirectory<Person>>,
  verification: 'off' | 'optional' | 'required',
  kind: (typeof KINDS)[number] = 'forRoot',
  credentialVerifier?: Type<CredentialVerifier<Person>>,
) {
  const mailer = new MemoryMailer();
  const classes = { directory: directory as never, credentialVerifier: credentialVerifier as never };
  const made = {
    storage: { database: 'memory:' },
    cookie: { name: 'sid', secure: false },
    ...(!credentialVerifier && { users: { passwordCost: 4 } }),
    mail: {
      mailer,
      from: 'Example <no-reply@example.com>',
      publicUrl: 'https://app.example.com',
      verification,
      delay: 0,
    },
  };
  const type = 'session_auth';
  const module =
    kind === 'forRoot'
      ? CoatcheckModule.forRoot({ type, ...made, users: { ...made.users, ...classes } })
      : CoatcheckModule.forRootAsync({ type, mail: true, users: classes, useFactory: () => made });
  const app = await NestFactory.create(
    { module: class HostModule {}, imports: [module] },
    { logger: false, abortOnError: false },
  );
  apps.push(app);
  await app.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  const post = async (path: string, body: object) => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as { code?: string } };
  };
  return { app, mailer, post };
}

describe.each(KINDS)('Users of an application with mails, by %s', (kind) => {
  it.each<[Type<UserDirectory<Person>>, string]>([
    [Directory, 'isEmailVerified and saveEmail of Directory'],
    [TellingDirectory, 'saveEmail of TellingDirectory'],
    [SavingDirectory, 'isEmailVerified of SavingDirectory'],
  ])('must have addresses that can be proved if that is required: %p', async (directory, missing) => {
    await expect(start(directory, 'required', kind)).rejects.toThrow(
      `verification: required needs ${missing}; add what is missing, or choose optional or off`,
    );
    for (const verification of ['optional', 'off'] as const)
      expect((await start(directory, verification, kind)).app).toBeDefined();
  });

  it('prove their address, and only then sign in where that is required', async () => {
    const { mailer, post } = await start(WholeDirectory, 'required', kind);
    const ann = { id: '1', email: 'ann@example.com', isProved: false };
    people.push(ann);
    expect((await post('/email/verification', { email: ann.email })).status).toBe(202);
    const token = tokenIn(await mailer.waitFor(ann.email));
    expect((await post('/email/verify', { token })).status).toBe(200);
    expect(ann.isProved).toBe(true);
  });

  it('whose password another system checks cannot reset it here', async () => {
    const { app, mailer, post } = await start(WholeDirectory, 'optional', kind, OtherSystem);
    people.push({ id: '1', email: 'ann@example.com', isProved: true });
    for (const email of ['ann@example.com', 'nobody@example.com'])
      expect(await post('/password/forgot', { email })).toMatchObject({
        status: 403,
        body: { code: 'forbidden' },
      });
    expect((await post('/password/reset', { token: 'reset-x', new_password: 'x' })).status).toBe(404);
    await expect(app.get(EmailService).requestPasswordReset('ann@example.com')).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(mailer.messages).toEqual([]);
  });
});
