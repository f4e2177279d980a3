import { Command, Option } from 'commander';
import { cleanUp, cleanUpOnSignals } from './cleanup.js';
import { type CompareOptions, compare } from './compare.js';
import { type EventsOptions, events } from './events.js';
import { type GrowthOptions, growth } from './growth.js';
import { GENERATOR, ONLY, OUT, RATE, SECONDS, SESSIONS, USERS, WARM_UP, rounds } from './options.js';
import { type MetricsOptions, metrics } from './metrics.js';
import { type ProfileOptions, profile } from './profile.js';
import { type SearchOptions, search } from './search.js';
import { type SignInOptions, signIn } from './sign-in.js';
import { type StartUpOptions, startUp } from './start-up.js';
import { type WorkersOptions, workers } from './workers.js';

const program = new Command('bench').description('Compares Coatcheck with its peers, side by side.');

const byDefault = program
  .command('compare', { isDefault: true })
  .description('requests per second of GET /users/me, signed in, ÷ stock Nest (the default)')
  .addOption(ONLY)
  .addOption(rounds(5))
  .addOption(SECONDS)
  .addOption(WARM_UP)
  .addOption(GENERATOR)
  .addOption(OUT)
  .addOption(
    new Option(
      '--check',
      'measure the product alone, and fail where it has lost more than 15 % of its baseline',
    ).conflicts('record'),
  )
  .option('--record', 'measure the product alone, and make that its baseline')
  .action(async (options: CompareOptions) => judge(await compare(options)));

program.addHelpText('after', `\n${byDefault.helpInformation()}`);

program
  .command('start-up')
  .description('first answer after start ÷ stock Nest')
  .addOption(ONLY)
  .addOption(rounds(15))
  .addOption(OUT)
  .action((options: StartUpOptions) => startUp(options));

program
  .command('workers')
  .description('requests per second with two workers ÷ with one')
  .addOption(ONLY)
  .addOption(rounds(5))
  .addOption(SECONDS)
  .addOption(WARM_UP)
  .addOption(GENERATOR)
  .addOption(OUT)
  .action((options: WorkersOptions) => workers(options));

program
  .command('metrics')
  .description('CPU of a request with metrics ÷ without')
  .addOption(ONLY)
  .addOption(rounds(9))
  .addOption(SECONDS)
  .addOption(WARM_UP)
  .addOption(GENERATOR)
  .addOption(OUT)
  .action((options: MetricsOptions) => metrics(options));

program
  .command('sign-in')
  .description('sign-ins ÷ what the hash alone gives, and what others feel meanwhile')
  .addOption(SECONDS)
  .addOption(RATE)
  .addOption(OUT)
  .action((options: SignInOptions) => signIn(options));

program
  .command('growth')
  .description('requests and sign-ins of many live sessions ÷ of few, and what a session takes')
  .addOption(ONLY)
  .addOption(SESSIONS)
  .addOption(rounds(5))
  .addOption(SECONDS)
  .addOption(WARM_UP)
  .addOption(GENERATOR)
  .addOption(OUT)
  .action((options: GrowthOptions) => growth(options));

program
  .command('profile')
  .description('on what the product spends the time of a request, on each store')
  .addOption(ONLY)
  .addOption(SECONDS)
  .addOption(WARM_UP)
  .addOption(GENERATOR)
  .action((options: ProfileOptions) => profile(options));

program
  .command('search')
  .description('the first page of searches for users among many, on SQLite and PostgreSQL')
  .addOption(USERS)
  .addOption(rounds(15))
  .addOption(OUT)
  .action((options: SearchOptions) => search(options));

program
  .command('events')
  .description('lists, counts and an export of many security events, on SQLite and PostgreSQL')
  .option('--events <n>', 'security events in each database', Number, 1_000_000)
  .addOption(rounds(7))
  .addOption(OUT)
  .action((options: EventsOptions) => events(options));

function judge(isGood: boolean): void {
  if (!isGood) process.exitCode = 1;
}

cleanUpOnSignals();
try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
