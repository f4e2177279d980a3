import { describe, expect, it } from '@jest/globals';
import { MemoryCredentialStore } from '../../storage/memory/memory.credential-store.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { MemoryMailer, tokenIn } from '../../testing/memory-mailer.js';
import { aMail, aThrottle } from '../../testing/samples.js';
import { MailOptions } from '../../mail/mail-options.js';
import { DirectoryAccounts } from '../accounts.js';
import { MemoryTokenStore } from '../memory.token-store.js';
import { PasswordResetService } from '../password-reset.service.js';
import { BcryptPasswordHasher } from '../passwords/bcrypt.password-hasher.js';
import { UsersOptions } from '../users-options.js';
import { OneTimeTokens } from '../one-time-tokens.js';
import { type Account, UserDirectory } from '../user-directory.js';
import { AccountMails } from './account-mails.js';
import { AddressChanges } from './address-changes.js';
import { KnownClients } from './known-clients.js';
import { MailLimits } from './mail-limits.js';

interface Person {
  readonly name: string;
  readonly address: string | null;
}

const PEOPLE: readonly Person[] = [
  { name: 'ann', address: 'ann@example.com' },
  { name: 'ben', address: null },
];

/** People who sign in with their names. */
class PersonDirectory extends UserDirectory<Person> {
  findById(id: string): Promise<Person | null> {
    return this.findByLogin(id);
  }

  async findByLogin(login: string): Promise<Person | null> {
    return PEOPLE.find(({ name }) => name === login) ?? null;
  }

  account({ name }: Person): Account {
    return { id: name, login: name, roles: [], disabled: false };
  }

  override email({ address }: Person): string | null {
    return address;
  }
}

class SavingDirectory extends PersonDirectory {
  override saveEmail(): Promise<boolean> {
    return Promise.resolve(true);
  }
}

function worldOf(directory: UserDirectory<Person>) {
  const clock = new FakeClock();
  const tokens = new MemoryTokenStore();
  const options = new MailOptions({
    mailer: new MemoryMailer(),
    from: 'Example <no-reply@example.com>',
    publicUrl: 'https://app.example.com',
  });
  const accounts = new DirectoryAccounts(directory, new MemoryCredentialStore());
  const hasher = new BcryptPasswordHasher({ cost: 4, pepper: null });
  const resets = new PasswordResetService(
    accounts as never,
    tokens,
    hasher,
    aThrottle(clock),
    clock,
    new UsersOptions(),
  );
  const mails = new AccountMails(
    accounts as never,
    new OneTimeTokens(tokens, clock),
    new AddressChanges(tokens, clock),
    new KnownClients(tokens, clock),
    new MailLimits(tokens, clock, options),
    options,
  );
  return { mails, resets };
}

const mailsOf = (directory: UserDirectory<Person>) => worldOf(directory).mails;

describe('The mails of users of an application', () => {
  it('go to the address of the directory, also if the login is a name', async () => {
    const mail = aMail({ kind: 'reset_password', to: 'ann', userId: null });
    const message = await mailsOf(new PersonDirectory()).compose(mail);
    expect(message).toMatchObject({ to: 'ann@example.com', from: 'Example <no-reply@example.com>' });
    expect(message?.text).toContain('https://app.example.com/account/reset#token=reset-');
  });

  it('have a token that sets a new password, also if the login is a name', async () => {
    const { mails, resets } = worldOf(new PersonDirectory());
    const mail = aMail({ kind: 'reset_password', to: 'ann', userId: null });
    const token = tokenIn((await mails.compose(mail))!);
    await resets.reset(token, 'a long password of mine');
    await expect(resets.reset(token, 'another long password')).rejects.toMatchObject({
      code: 'reset_token_invalid',
    });
    const issued = await resets.issue('ben');
    await resets.reset(issued.token.reveal(), 'a long password of mine');
  });

  it.each(['ben', 'nobody'])('are not made for somebody without an address: %s', async (to) => {
    const mail = aMail({ kind: 'reset_password', to, userId: null });
    expect(await mailsOf(new PersonDirectory()).compose(mail)).toBeNull();
  });

  it('ask for a proof only where the directory can store it', async () => {
    const mail = aMail({ kind: 'verify_email', to: 'ann@example.com', userId: 'ann' });
    expect(await mailsOf(new PersonDirectory()).compose(mail)).toBeNull();
    expect(await mailsOf(new SavingDirectory()).compose(mail)).toMatchObject({ to: 'ann@example.com' });
  });
});
