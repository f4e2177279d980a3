#!/usr/bin/env node
import { text } from 'node:stream/consumers';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Command, CommanderError, Option } from 'commander';
import { DomainError } from './common/domain-error.js';
import type { Config } from './config/config.js';
import { describeConfig, loadConfig } from './config/load-config.js';
import { InputPipe } from './http/input.pipe.js';
import { problemOf } from './http/problem.js';
import { Connections } from './storage/connections.js';
import { withoutSecrets } from './storage/storage-options.js';
import { StorageModule } from './storage/storage.module.js';
import { CreateUserDto, toNewUser } from './users/dto/create-user.dto.js';
import { type UserPresentation, userJson } from './users/user-json.js';
import type { Role, User } from './users/user.js';
import { UsersModule } from './users/users.module.js';
import { UsersService } from './users/users.service.js';

const USAGE_ERROR = 2;

interface Output {
  readonly json?: true;
}

interface CreateOptions extends Output {
  readonly email: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly role: Role;
}

const program = new Command('coatcheck')
  .description('Operates a Coatcheck server by the same environment, also while it runs.')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true });

const user = program.command('user').description('accounts');
const json = new Option('--json', 'print JSON');

user
  .command('create')
  .description('add a user')
  .requiredOption('--email <email>')
  .requiredOption('--password-stdin', 'read the password from standard input, up to the first line break')
  .option('--first-name <name>')
  .option('--last-name <name>')
  .addOption(new Option('--role <role>').choices(['user', 'admin']).default('user'))
  .addOption(json)
  .action(async (options: CreateOptions) => {
    const [password = ''] = (await text(process.stdin)).split(/\r?\n/, 1);
    await withUsers(async (users, { auth, users: { presentation } }) => {
      const { email, firstName, lastName, role } = options;
      const input = { email, password, first_name: firstName, last_name: lastName };
      const details = await new InputPipe(auth.dialect).transform(input, {
        type: 'body',
        metatype: CreateUserDto,
      });
      const created = await users.create(toNewUser(details as CreateUserDto), role);
      if (options.json) print(userJson(created, presentation));
      else console.log(toLine(created));
    });
  });

user
  .command('list')
  .description('show all users, oldest first')
  .addOption(json)
  .action((options: Output) =>
    withUsers(async (users, { users: { presentation } }) => {
      const all = await listAll(users);
      if (options.json) print(all.map((one) => toJson(one, presentation)));
      else all.forEach((one) => console.log(toLine(one)));
    }),
  );

onUser('disable', 'refuse a user, at once and in every session', (users, { id }) =>
  users.update(id, { disabled: true }),
);
onUser('enable', 'admit a disabled user again; they have to sign in', (users, { id }) =>
  users.update(id, { disabled: false }),
);
onUser('delete', 'forget a user', async (users, one) => {
  await users.remove(one.id);
  return one;
});

program
  .command('config')
  .description('show the effective configuration and where each value comes from; secrets are left out')
  .addOption(json)
  .action((options: Output) => {
    const settings = describeConfig(process.env);
    if (options.json) print(settings);
    else
      settings.forEach(({ name, value, source }) => console.log(`${name.padEnd(22)} ${value}  [${source}]`));
  });

program
  .command('migrate')
  .description('bring the tables up to date, as a start of the server does too')
  .action(async () => {
    const { storage } = loadConfig(process.env);
    await (await Connections.open(storage)).onApplicationShutdown();
    const urls = [...new Set([storage.database, storage.sessions])];
    console.log(`Up to date: ${urls.map(withoutSecrets).join(', ')}`);
  });

/** A command on one user, who is named by id or address. */
function onUser(
  name: string,
  description: string,
  change: (users: UsersService, one: User) => Promise<User>,
): void {
  user
    .command(name)
    .description(description)
    .argument('<user>', 'id or e-mail')
    .addOption(json)
    .action((idOrEmail: string, options: Output) =>
      withUsers(async (users, { users: { presentation } }) => {
        const one = (await users.find(idOrEmail)) ?? (await users.findByEmail(idOrEmail));
        if (!one) throw new Error('There is no such user.');
        const changed = await change(users, one);
        if (options.json) print(toJson(changed, presentation));
        else console.log(toLine(changed));
      }),
    );
}

async function withUsers(work: (users: UsersService, config: Config) => Promise<void>): Promise<void> {
  const config = loadConfig(process.env);
  if (config.storage.database === 'memory:')
    throw new Error('DATABASE_URL is memory:, which no other process sees.');
  const context = await NestFactory.createApplicationContext(OperatorModule.forRoot(config), {
    logger: false,
    abortOnError: false,
  });
  try {
    await work(context.get(UsersService), config);
  } finally {
    await context.close();
  }
}

@Module({})
class OperatorModule {
  static forRoot({ storage, users }: Config): DynamicModule {
    return { module: OperatorModule, imports: [StorageModule.forRoot(storage), UsersModule.forRoot(users)] };
  }
}

async function listAll(users: UsersService): Promise<User[]> {
  const all: User[] = [];
  for (;;) {
    const page = await users.list(1000, all.at(-1) ?? null);
    if (page.length === 0) return all;
    all.push(...page);
  }
}

/** A user as the API shows them, and whether they are disabled, which operators alone see. */
function toJson(one: User, presentation: UserPresentation) {
  return { ...userJson(one, presentation), disabled: one.disabled };
}

function toLine({ id, email, role, disabled }: User): string {
  return `${id}  ${role.padEnd(5)}  ${disabled ? 'disabled' : 'enabled '}  ${email}`;
}

function print(value: unknown): void {
  console.log(JSON.stringify(value, null, 2));
}

/** What an operator is told: our refusals in words, all else as it came. */
function explain(error: unknown): string {
  if (!(error instanceof DomainError)) return error instanceof Error ? error.message : 'Failed.';
  const { detail, faults } = problemOf(error);
  return faults.length === 0
    ? detail
    : faults.map((fault) => `${fault.pointer.slice(1)}: ${fault.detail}`).join('\n');
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : USAGE_ERROR;
  else {
    console.error(explain(error));
    process.exitCode = 1;
  }
}
