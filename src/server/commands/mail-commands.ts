import type { INestApplicationContext } from '@nestjs/common';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { OPERATOR } from '../../audit/initiator.js';
import { printable } from '../../common/printable.js';
import { MailComposer } from '../../mail/mail-composer.js';
import { Mailer } from '../../mail/mailer.js';
import { OutboxStore, type StoredMail } from '../../mail/outbox-store.js';
import type { TestedMailer } from '../../mail/tested-mailer.js';
import { addressFault } from '../../users/email-address.js';
import { MailQueue } from '../../users/mails/mail-queue.js';

/** Mails per query. */
const PAGE = 500;

interface OutboxOptions {
  readonly failed?: true;
  readonly json?: true;
}

/** Calls a command with the services of a server that sends mails. */
export type WithMails = (work: (context: INestApplicationContext) => Promise<void>) => Promise<void>;

/** Adds the commands for mails. */
export function addMailCommands(program: Command, withMails: WithMails): void {
  const mail = program.command('mail').description('manage mails');
  mail
    .command('test')
    .description('send a test mail now, and show what the mail server says')
    .requiredOption('--to <address>', 'an e-mail address', parseAddress)
    .action(({ to }: { readonly to: string }) =>
      withMails(async (context) => {
        const queue = context.get(MailQueue);
        const message = await context
          .get(MailComposer)
          .compose(queue.of({ kind: 'test', to, userId: null }, OPERATOR));
        // `MAIL_URL` makes no other mailer.
        console.log(await context.get<TestedMailer>(Mailer).test(message!));
      }),
    );
  mail
    .command('outbox')
    .description('show the mails that wait and those that failed, oldest first, and why')
    .option('--failed', 'only those that are not tried any more')
    .addOption(new Option('--json', 'print JSON'))
    .action(({ failed, json }: OutboxOptions) =>
      withMails(async (context) => {
        const mails = await allIn(context.get(OutboxStore), failed ? 'failed' : null);
        if (json) console.log(JSON.stringify(mails.map(toJson), null, 2));
        else mails.forEach((one) => console.log(toLine(one, context.get(MailQueue).now())));
      }),
    );
  mail
    .command('retry')
    .description('try mails again now: one by its id, or all that are not tried any more')
    .argument('[id]')
    .action((id: string | undefined) =>
      withMails(async (context) => {
        const count = await context.get(OutboxStore).retry(id ?? null, context.get(MailQueue).now());
        if (count === 0 && id !== undefined)
          throw new Error('There is no such mail. List the mails with the command: mail outbox');
        console.log(`${count} ${count === 1 ? 'mail is' : 'mails are'} tried again.`);
      }),
    );
}

async function allIn(store: OutboxStore, state: 'failed' | null): Promise<StoredMail[]> {
  const all: StoredMail[] = [];
  let page: StoredMail[];
  do {
    page = await store.list(state, PAGE, all.at(-1)?.id ?? null);
    all.push(...page);
  } while (page.length > 0);
  return all;
}

function toJson({ id, kind, to, userId, language, createdAt, attempts, nextAt, error }: StoredMail) {
  return {
    id,
    kind,
    to,
    user_id: userId,
    language,
    created_at: createdAt.toISOString(),
    attempts,
    next_at: nextAt?.toISOString() ?? null,
    error,
  };
}

function parseAddress(text: string): string {
  const fault = addressFault(text);
  if (fault !== null) throw new InvalidArgumentError(fault);
  return text;
}

function toLine({ id, kind, to, attempts, nextAt, error }: StoredMail, now: Date): string {
  const state = nextAt === null ? 'failed' : nextAt <= now ? 'due now' : `next ${nextAt.toISOString()}`;
  const reason = error === null ? '' : `  ${printable(error)}`;
  const tries = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  return `${id}  ${kind.padEnd(16)}  ${printable(to)}  ${state}  after ${tries}${reason}`;
}
