#!/usr/bin/env node
import { buffer } from 'node:stream/consumers';
import {
  type DynamicModule,
  type INestApplicationContext,
  Logger,
  type LoggerService,
  Module,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SingleBar } from 'cli-progress';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { AUDIT_TYPES, type AuditEvent, type AuditType } from './audit/audit-event.js';
import { AuditModule } from './audit.module.js';
import { ALL_EVENTS, type AuditFilter, AuditStore } from './audit/audit-store.js';
import { auditJson } from './http/api/audit/audit-event.dto.js';
import { OPERATOR } from './audit/initiator.js';
import { SecurityEvents } from './audit/security-events.js';
import { RequestFieldRules } from './http/request-field-rules.js';
import { SessionEnder } from './auth/session-ender.js';
import { Clock, SystemClock } from './common/clock.js';
import { DomainError } from './common/domain-error.js';
import { parseDuration } from './common/duration.js';
import { FieldRules } from './http/field-rules.js';
import { printable } from './common/printable.js';
import { decodeUtf8, isDecoded } from './common/utf8.js';
import type { Config } from './server/config/config.js';
import { loadEnvFile } from './server/config/env-file.js';
import { ALX_RULES } from './compat/alx/alx-rules.js';
import { AlxInputPipe } from './compat/alx/alx-input.pipe.js';
import { alxUserJson } from './compat/alx/alx-user-json.js';
import { AlxCreateUserDto } from './compat/alx/user.dto.js';
import { describeConfig, loadConfig } from './server/config/load-config.js';
import { FactorResetService } from './factors/factor-reset.service.js';
import { FactorStore } from './factors/factor-store.js';
import { UserFactors } from './factors/user-factors.js';
import { InputPipe } from './http/input.pipe.js';
import { problemOf } from './http/problem.js';
import { type MoveCounts, moveSessions } from './sessions/session-move.js';
import type { SessionStore } from './sessions/session-store.js';
import { addMailCommands } from './server/commands/mail-commands.js';
import { MailModule } from './mail.module.js';
import { SessionsModule } from './sessions.module.js';
import { Connections, labelOf, openBackend } from './storage/connections.js';
import { migrationScript } from './storage/migration-script.js';
import type { StorageOptions } from './storage/storage-options.js';
import type { StorageSource } from './storage/storage-source.js';
import { faultOfSessionStoreUrl } from './storage/store-url.js';
import { StorageModule } from './storage/storage.module.js';
import type { TableOptions } from './storage/table-options.js';
import { CreateUserDto, toNewUser } from './http/api/users/create-user.dto.js';
import { InviteUserDto } from './http/api/users/invite-user.dto.js';
import { Accounts } from './users/accounts.js';
import { MailQueue } from './users/mails/mail-queue.js';
import { PasswordResetService } from './users/password-reset.service.js';
import { userJson } from './http/api/users/user-json.js';
import type { User } from './users/user.js';
import { UsersModule } from './users.module.js';
import { PasswordsService } from './users/passwords.service.js';
import { UsersOptions } from './users/users-options.js';
import { UsersService } from './users/users.service.js';

const READING = { compat: { alx: ALX_RULES } };

const USAGE_ERROR = 2;

const NO_MAILS = 'This server sends no mails. Set MAIL_URL to the mail server of the server.';

/** Milliseconds that a call of a store may take. */
const STORE_TIMEOUT = 10_000;

interface Output {
  readonly json?: true;
}

interface CreateOptions extends Output {
  readonly email: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly role?: string;
}

interface AuditCommandOptions extends Output {
  readonly user?: string;
  readonly type?: AuditType;
  readonly since?: Date;
  readonly limit: number;
}

interface PasswordOptions extends Output {
  readonly revoke?: boolean;
}

interface MoveOptions extends Output {
  readonly from?: string;
  readonly to?: string;
}

interface MigrateOptions {
  readonly sql?: true;
}

const program = new Command('coatcheck')
  .description(
    'Administers a Coatcheck server. Reads the same environment variables as the server, and works while it runs.',
  )
  .exitOverride()
  .hook('preAction', () => loadEnvFile(process.env))
  .configureHelp({ showGlobalOptions: true });

/**
 * Prints audit events that could not be stored, and warnings about tables, on standard error. Standard output is for
 * results.
 */
const LOGGER: LoggerService = {
  log: () => {},
  warn: (message: string, context?: string) => {
    if (context === 'Tables') console.error(message);
  },
  error: ({ err, ...event }: { readonly err?: Error }, ...rest: unknown[]) => {
    if (rest.at(-1) === 'Audit')
      console.error(
        `This event could not be stored (${String(err?.cause ?? err)}): ${JSON.stringify(event)}`,
      );
  },
};

const user = program.command('user').description('manage accounts');
const json = new Option('--json', 'print JSON');

user
  .command('create')
  .description('add a user')
  .requiredOption('--email <email>')
  .requiredOption('--password-stdin', 'read the password from standard input, up to the first line break')
  .option('--first-name <name>')
  .option('--last-name <name>')
  .option('--role <role>', 'one of USER_ROLES (default: the first of them)')
  .option('--verified', 'you know that the address is theirs, so they need not prove it')
  .addOption(json)
  .action(async (options: CreateOptions & { readonly verified?: true }) => {
    const password = await readLine(process.stdin);
    await withUsers(async (users, config, context) => {
      const { email, firstName, lastName, role } = options;
      const input = { email, password, first_name: firstName, last_name: lastName };
      const isAlx = config.compat === 'alx';
      const pipe = new (isAlx ? AlxInputPipe : InputPipe)(context.get(FieldRules));
      const metatype = isAlx ? AlxCreateUserDto : CreateUserDto;
      const details = await pipe.transform(input, { type: 'body', metatype });
      const terms = { ...toNewUser(details as CreateUserDto), isVerified: options.verified === true };
      const created = await users.create(terms, role, OPERATOR);
      if (options.json) print(shown(created, config));
      else console.log(toLine(created));
    });
  });

user
  .command('list')
  .description('show all users, oldest first')
  .addOption(json)
  .action((options: Output) =>
    withUsers(async (users, config) => {
      const { users: all } = await users.list();
      if (options.json) print(all.map((one) => toJson(one, config)));
      else all.forEach((one) => console.log(toLine(one)));
    }),
  );

onUser('disable', 'disable a user and end all their sessions at once', (users, { id }) =>
  users.update(id, { disabled: true }, OPERATOR),
);
onUser('enable', 'enable a disabled user', (users, { id }) =>
  users.update(id, { disabled: false }, OPERATOR),
);
onUser(
  'delete',
  'delete a user with their sessions and access tokens',
  async (users, one) => {
    await users.remove(one.id, OPERATOR);
    return one;
  },
  (one) => toLine(one, 'deleted'),
);

user
  .command('password')
  .description('issue a reset token: the user sets a new password with it, once and within 24 hours')
  .argument('<user>', 'id or e-mail')
  .option('--revoke', 'make the current password, all sessions and all access tokens invalid at once')
  .addOption(json)
  .action((idOrEmail: string, { revoke = false, json: isJson }: PasswordOptions) =>
    withUsers(async (users, { compat, http }, context) => {
      if (compat === 'alx')
        throw new Error(
          'AUTH_COMPAT=alx has no route that takes reset tokens, so none was issued. They need AUTH_COMPAT=standard.',
        );
      const { id } = await findUser(users, idOrEmail);
      const { token, expiresAt } = await context.get(PasswordResetService).issue(id, { revoke }, OPERATOR);
      if (isJson) print({ token: token.reveal(), expires_at: expiresAt.toISOString() });
      else
        console.log(
          `${token.reveal()}\nValid until ${expiresAt.toISOString()}. The user sends it to ` +
            `POST ${http.prefix}/password/reset, as {"token": "…", "new_password": "…"}.`,
        );
    }),
  );

user
  .command('invite')
  .description('add a user who chooses the password by the link of a mail')
  .requiredOption('--email <email>')
  .option('--first-name <name>')
  .option('--last-name <name>')
  .option('--role <role>', 'one of USER_ROLES (default: the first of them)')
  .addOption(json)
  .action(({ email, firstName, lastName, role, json: isJson }: CreateOptions) =>
    withUsers(async (users, config, context) => {
      if (!config.mail) throw new Error(NO_MAILS);
      const input = { email, first_name: firstName, last_name: lastName, role };
      const pipe = new InputPipe(context.get(FieldRules));
      await pipe.transform(input, { type: 'body', metatype: InviteUserDto });
      const names = { firstName: firstName ?? null, lastName: lastName ?? null };
      const invited = await users.invite({ email, ...names }, role, OPERATOR);
      if (isJson) print(shown(invited, config));
      else console.log(toLine(invited, 'invited'));
    }),
  );

user
  .command('reset-factors')
  .description('remove all second factors of a user who has lost them')
  .argument('<user>', 'id or e-mail')
  .action((idOrEmail: string) =>
    withUsers(async (users, _, context) => {
      const { id, email } = await findUser(users, idOrEmail);
      const isDone = await context.get(FactorResetService).reset(id, OPERATOR);
      const who = printable(email);
      console.log(isDone ? `The second factors of ${who} are removed.` : `${who} has no second factors.`);
    }),
  );

addMailCommands(program, (work) =>
  withUsers(async (_, config, context) => {
    if (!config.mail) throw new Error(NO_MAILS);
    await work(context);
  }),
);

const move: Command = program
  .command('sessions')
  .description('manage sessions')
  .command('move')
  .description('copy sessions to another store; a later run copies what has changed since')
  .option('--from <url>', 'the store to read (default: SESSION_STORE_URL)')
  .option('--to <url>', 'the store to write (default: SESSION_STORE_URL)')
  .addOption(json)
  .addHelpText(
    'after',
    `
Run it while the server uses the first store, stop the server, run it again within a day, and start the
server on the second store. Nobody is signed out.`,
  )
  .action(async (options: MoveOptions) => {
    const { storage } = loadConfig(process.env, READING);
    const { from = urlOf(storage.sessions), to = urlOf(storage.sessions) } = options;
    const fault = faultOf(from, to);
    if (fault) move.error(`error: ${fault}`);
    const counts = await withStores(from, to, { ...storage, tables: 'require' }, moveWithProgress);
    const { copied, updated, ended, unchanged, unmovable } = counts;
    if (options.json) print(counts);
    else console.log(`${copied} copied, ${updated} updated, ${ended} ended, ${unchanged} unchanged`);
    if (unmovable > 0)
      console.error(
        `${unmovable} sessions have ids of an old version, which the second store cannot store. Their users must sign in again.`,
      );
  });

program
  .command('audit')
  .description('list security events, newest first')
  .option('--user <user>', 'only events by or about this user: id, or e-mail of an existing account')
  .addOption(new Option('--type <type>').choices([...AUDIT_TYPES]))
  .option(
    '--since <when>',
    'only events since a date and time, or within a duration, such as 12h or 7d',
    parseSince,
  )
  .option('--limit <count>', 'the largest number of events', parseCount, 100)
  .addOption(json)
  .action(({ user: named, type, since, limit, json: isJson }: AuditCommandOptions) =>
    withUsers(async (users, _, context) => {
      const owner = named === undefined ? null : await users.findByEmail(named);
      const filter: AuditFilter = {
        ...ALL_EVENTS,
        userId: owner?.id ?? named ?? null,
        types: type === undefined ? [] : [type],
        from: since ?? null,
      };
      const events = await listEvents(context.get(AuditStore), filter, limit);
      if (isJson) print(events.map(auditJson));
      else events.forEach((event) => console.log(toEventLine(event)));
    }),
  );

program
  .command('config')
  .description('show the configuration and the source of each value, without secrets')
  .addOption(json)
  .action((options: Output) => {
    const settings = describeConfig(process.env, READING);
    loadConfig(process.env, READING).warnings.forEach((warning) => console.error(warning));
    if (options.json) return print(settings);
    const width = Math.max(...settings.map(({ name }) => name.length));
    settings.forEach(({ name, value, source }) =>
      console.log(`${name.padEnd(width)}  ${value}  [${source}]`),
    );
  });

program
  .command('migrate')
  .description('create or update the tables; the server does this at start, too')
  .option('--sql', 'change nothing, and print the SQL statements for the database of DATABASE_URL')
  .action(async ({ sql }: MigrateOptions) => {
    const { storage } = loadConfig(process.env, READING);
    if (sql) return printMigration(storage);
    await (await Connections.open(storage)).onApplicationShutdown();
    const urls = [...new Set([storage.database, storage.sessions])];
    console.log(`Up to date: ${urls.map(labelOf).join(', ')}`);
  });

async function printMigration({ database, sessions, ...tables }: StorageOptions): Promise<void> {
  if (database === 'memory:') throw new Error('DATABASE_URL is memory:, which has no tables.');
  console.log(await migrationScript(urlOf(database), tables));
  if (sessions !== database && /^(sqlite|postgres(ql)?):/.test(urlOf(sessions)))
    console.error(
      'The database of SESSION_STORE_URL is not included. Print its statements with DATABASE_URL set to its URL.',
    );
}

/** Reads the first line. Throws if the input is not UTF-8. */
async function readLine(stream: NodeJS.ReadableStream): Promise<string> {
  const content = decodeUtf8(await buffer(stream));
  if (content === null)
    throw new Error('Standard input is not UTF-8. Convert it, for example with iconv -t UTF-8.');
  return content.split(/\r?\n/, 1)[0]!;
}

async function findUser(users: UsersService, idOrEmail: string): Promise<User> {
  const one = (await users.find(idOrEmail)) ?? (await users.findByEmail(idOrEmail));
  if (!one) throw new Error('There is no such user. List the users with the command: user list');
  return one;
}

/** Adds a command that changes one user, named by id or e-mail, and prints the user. */
function onUser(
  name: string,
  description: string,
  change: (users: UsersService, one: User) => Promise<User>,
  line: (one: User) => string = toLine,
): void {
  user
    .command(name)
    .description(description)
    .argument('<user>', 'id or e-mail')
    .addOption(json)
    .action((idOrEmail: string, options: Output) =>
      withUsers(async (users, config) => {
        const changed = await change(users, await findUser(users, idOrEmail));
        if (options.json) print(toJson(changed, config));
        else console.log(line(changed));
      }),
    );
}

/** Why sessions cannot be moved between two stores, without the values of the URLs; null if they can. */
function faultOf(from: string, to: string): string | null {
  const faults = [
    ['--from', faultOfSessionStoreUrl(from)],
    ['--to', faultOfSessionStoreUrl(to)],
  ].filter(([, fault]) => fault !== null);
  if (faults.length > 0) return `${faults.map(([name, fault]) => `${name}: ${fault}`).join('; ')}.`;
  if ([from, to].includes('memory:')) return 'memory: is visible to one process only; name another store.';
  return from === to ? '--from and --to name the same store; name two stores.' : null;
}

async function withStores<T>(
  from: string,
  to: string,
  tables: TableOptions,
  work: (source: SessionStore, target: SessionStore) => Promise<T>,
): Promise<T> {
  const source = await openBackend(from, STORE_TIMEOUT, tables);
  try {
    const target = await openBackend(to, STORE_TIMEOUT, tables);
    try {
      return await work(source.sessions, target.sessions);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** The variables of the environment name nothing but URLs. */
function urlOf(place: string | StorageSource): string {
  return typeof place === 'string' ? place : place.label;
}

/** Moves the sessions, with a progress bar on a terminal. */
async function moveWithProgress(source: SessionStore, target: SessionStore): Promise<MoveCounts> {
  // Without `gracefulExit: false`, the bar would handle Ctrl+C instead of letting it end the process.
  const bar = new SingleBar({ format: '{bar} {value}/{total}', gracefulExit: false, linewrap: true });
  if (process.stderr.isTTY) bar.start(await countEntries(source), 0);
  try {
    return await moveSessions(source, target, new SystemClock().now(), () => bar.increment());
  } finally {
    bar.stop();
  }
}

async function countEntries(store: SessionStore): Promise<number> {
  const entries = store.entries()[Symbol.asyncIterator]();
  let count = 0;
  while (!(await entries.next()).done) count += 1;
  return count;
}

async function withUsers(
  work: (users: UsersService, config: Config, context: INestApplicationContext) => Promise<void>,
): Promise<void> {
  const config = loadConfig(process.env, READING);
  if (config.storage.database === 'memory:')
    throw new Error(
      'DATABASE_URL is memory:, which no other process can read. Set the DATABASE_URL of the server.',
    );
  const context = await NestFactory.createApplicationContext(OperatorModule.forRoot(config), {
    logger: LOGGER,
    abortOnError: false,
  });
  try {
    await work(context.get(UsersService), config, context);
  } finally {
    await context.close();
  }
}

@Module({})
class OperatorModule {
  static forRoot({ storage, users, audit, sessions, mail }: Config): DynamicModule {
    return {
      module: OperatorModule,
      imports: [
        StorageModule.forRoot({ ...storage, tables: 'require' }, { mustBeWritable: false }),
        AuditModule.forRoot({ ...audit, routes: false }),
        SessionsModule.forRoot(sessions),
        UsersModule.forRoot({ ...users, routes: false }),
        ...(mail ? [MailModule.forRoot({ ...mail, routes: false }, { sends: false })] : []),
      ],
      providers: [
        SessionEnder,
        {
          provide: FieldRules,
          inject: [PasswordsService, UsersOptions, Clock],
          useFactory: (...needs: ConstructorParameters<typeof RequestFieldRules>) =>
            new RequestFieldRules(...needs),
        },
        { provide: Clock, useClass: SystemClock },
        SecurityEvents,
        {
          provide: FactorResetService,
          inject: [FactorStore, Accounts, SecurityEvents, { token: MailQueue, optional: true }],
          useFactory: (store: FactorStore, accounts: Accounts, events: SecurityEvents, mails?: MailQueue) =>
            new FactorResetService(new UserFactors(store, accounts, mails), accounts, events),
        },
      ],
    };
  }
}

/** The newest events, at most `limit`. */
async function listEvents(store: AuditStore, filter: AuditFilter, limit: number): Promise<AuditEvent[]> {
  const all: AuditEvent[] = [];
  let next: string | null = null;
  do {
    const page = await store.list(filter, Math.min(limit - all.length, 1000), next);
    all.push(...page.events);
    next = page.next;
  } while (next !== null && all.length < limit);
  return all;
}

/** The JSON of a user in the API of this configuration. */
function shown(one: User, { compat }: Config) {
  return compat === 'alx' ? alxUserJson(one) : userJson(one);
}

/** The JSON of a user with `disabled`, which the API does not show. */
function toJson(one: User, config: Config) {
  return { ...shown(one, config), disabled: one.disabled };
}

function toLine({ id, email, role, disabled }: User, state = disabled ? 'disabled' : 'enabled'): string {
  return `${id}  ${role.padEnd(5)}  ${state.padEnd(8)}  ${printable(email)}`;
}

/** One line: time, type, and the other known values by name. */
function toEventLine(event: AuditEvent): string {
  const { id: _, at, type, details, count, last_at, ...rest } = auditJson(event);
  const repeated = count === 1 ? {} : { count: String(count), last_at };
  const facts = Object.entries({ ...details, ...rest, ...repeated })
    .filter((fact): fact is [string, string] => fact[1] !== null)
    .map(([name, value]) => `${name}=${/^[^\s"]+$/.test(value) ? value : JSON.stringify(value)}`);
  return `${at}  ${type.padEnd(22)}  ${facts.join(' ')}`;
}

function parseSince(text: string): Date {
  const ago = parseDuration(text);
  const since = Number.isNaN(ago) ? new Date(text) : new Date(new SystemClock().now().getTime() - ago);
  if (Number.isNaN(since.getTime()))
    throw new InvalidArgumentError('Use a date or a duration, such as 2026-01-31, 12h or 7d.');
  return since;
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('Use a number from 1 to 9999999.');
  return Number(text);
}

function print(value: unknown): void {
  console.log(JSON.stringify(value, null, 2));
}

/** The message for the operator: the details of a `DomainError`, or the message of any other error. */
function explain(error: unknown): string {
  if (!(error instanceof DomainError)) return error instanceof Error ? error.message : 'Failed.';
  const { detail, faults } = problemOf(error);
  return faults.length === 0
    ? detail
    : faults.map((fault) => `${fault.pointer.slice(1)}: ${fault.detail}`).join('\n');
}

Logger.overrideLogger(LOGGER);
try {
  if (!process.argv.slice(2).every(isDecoded))
    program.error('error: an argument is not UTF-8. Send it in this encoding.');
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : USAGE_ERROR;
  else {
    console.error(explain(error));
    process.exitCode = 1;
  }
}
