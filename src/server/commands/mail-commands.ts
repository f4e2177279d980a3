import type { INestApplicationContext } from '@nestjs/common';
import { Command, Option } from 'commander';
import { OPERATOR } from '../../audit/initiator.js';
import { printable } from '../../common/printable.js';
import { MailComposer } from '../../mail/mail-composer.js';
import { Mailer } from '../../mail/mailer.js';
import { OutboxStore, type StoredMail } from '../../mail/outbox-store.js';
import { MailQueue } from '../../users/mails/mail-queue.js';

/** Mails per query. */
const PAGE = 500;

interface OutboxOptions {
  readonly failed?: true;
  readonly json?: true;
}

/** Calls a command with the services of a server that sends mails. */
export type WithMails = (work: (context: INestApplicationContext) => Promise<void>) => Promise<void>;

/** The commands for mails. */
export function mailCommands(withMails: WithMails): Command {
  const mail = new Command('mail').description('manage mails');
  mail
    .command('test')
    .description('send a test mail now, and show what the mail server says')
    .requiredOption('--to <address>')
    .action(({ to }: { readonly to: string }) =>
      withMails(async (context) => {
        const queue = context.get(MailQueue);
        const message = await context
          .get(MailComposer)
          .compose(queue.of({ kind: 'test', to, userId: null }, OPERATOR));
        await context.get(Mailer).send(message!);
        console.log(`The mail server accepted the mail to ${printable(to)}.`);
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
        else mails.forEach((one) => console.log(toLine(one)));
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
  return mail;
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

function toLine({ id, kind, to, attempts, nextAt, error }: StoredMail): string {
  const state = nextAt ? `next ${nextAt.toISOString()}` : 'failed';
  const reason = error === null ? '' : `  ${printable(error)}`;
  return `${id}  ${kind.padEnd(16)}  ${printable(to)}  ${state}  after ${attempts} attempts${reason}`;
}
