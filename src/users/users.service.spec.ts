import { beforeEach, describe, expect, it } from '@jest/globals';
import { ConsoleLogger, Logger } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { AuditTrail } from '../audit/audit-trail.js';
import { PROGRAM } from '../audit/initiator.js';
import { MemoryAuditStore } from '../storage/memory/memory.audit-store.js';
import { MemoryUserStore } from '../storage/memory/memory.user-store.js';
import { FakeClock } from '../testing/fake-clock.js';
import { aSignInSource, aThrottle } from '../testing/samples.js';
import { Argon2PasswordHasher } from './passwords/argon2.password-hasher.js';
import { BcryptPasswordHasher } from './passwords/bcrypt.password-hasher.js';
import type { PasswordHasher } from './passwords/password-hasher.js';
import type { User } from './user.js';
import { UsersOptions } from './users-options.js';
import { UserListener } from './user-listener.js';
import { UsersService } from './users.service.js';

const PASSWORD = 'the right password';
const account = { email: 'ann@example.com', password: PASSWORD, firstName: null, lastName: null };

/** Counts the work that callers cause; to verify against what is no hash costs nothing. */
class CountingHasher extends BcryptPasswordHasher {
  readonly calls: string[] = [];
  readonly answers: boolean[] = [];

  override hash(...args: Parameters<PasswordHasher['hash']>): Promise<string> {
    this.calls.push('hash');
    return super.hash(...args);
  }

  override async verify(...args: Parameters<PasswordHasher['verify']>): Promise<boolean> {
    const [, hash] = args;
    this.calls.push(hash.startsWith('$bcrypt-sha256$') ? 'verify' : 'verify against nothing');
    const answer = await super.verify(...args);
    this.answers.push(answer);
    return answer;
  }
}

describe('The users service', () => {
  const store = () => new MemoryUserStore();
  let users: UsersService;
  let userStore: MemoryUserStore;
  let hasher: CountingHasher;
  let clock: FakeClock;
  let ann: User;

  beforeEach(async () => {
    userStore = store();
    hasher = new CountingHasher({ cost: 4, pepper: null });
    clock = new FakeClock();
    users = new UsersService(userStore, hasher, aThrottle(clock), clock, new UsersOptions());
    ann = await users.create(account, 'user');
    hasher.calls.length = 0;
  });

  const failFive = async () => {
    for (let made = 0; made < 5; made += 1) await users.verify('ann@example.com', 'wrong', aSignInSource());
  };

  it.each<[string, string, string, () => Promise<unknown>]>([
    ['an unknown address', 'nobody@example.com', 'wrong', () => Promise.resolve()],
    ['a wrong password', 'ann@example.com', 'wrong', () => Promise.resolve()],
    ['a disabled account', 'ann@example.com', PASSWORD, () => users.update(ann.id, { disabled: true })],
    ['a throttled account', 'ann@example.com', PASSWORD, failFive],
  ])('spends one verification on %s', async (_, email, password, prepare) => {
    await prepare();
    hasher.calls.length = 0;
    expect((await users.verify(email, password, aSignInSource())).outcome).not.toBe('verified');
    expect(hasher.calls).toEqual(['verify']);
  });

  it('spends one verification on the right password', async () => {
    expect(await users.verify('ann@example.com', PASSWORD, aSignInSource())).toEqual({
      outcome: 'verified',
      user: ann,
    });
    expect(hasher.calls).toEqual(['verify']);
  });

  it.each([
    ['with the right password', PASSWORD],
    ['with a wrong one', 'wrong'],
  ])('has the hasher refuse a disabled user %s, as refusals alone take even time', async (_, password) => {
    await users.update(ann.id, { disabled: true });
    expect((await users.verify('ann@example.com', password, aSignInSource())).outcome).toBe('wrong_password');
    expect(hasher.answers).toEqual([false]);
  });

  describe('recognizing a credential', () => {
    const recognize = async (password = PASSWORD) => {
      hasher.calls.length = 0;
      const { outcome } = await users.recognize('ann@example.com', password, aSignInSource());
      return [outcome, ...hasher.calls];
    };

    it('spends one verification in a quarter of an hour on the right one', async () => {
      expect(await recognize()).toEqual(['verified', 'verify']);
      clock.advance(15 * 60_000 - 1);
      expect(await recognize()).toEqual(['verified']);
      clock.advance(1);
      expect(await recognize()).toEqual(['verified', 'verify']);
    });

    it('spends one verification on each wrong one, however often it comes', async () => {
      await recognize();
      for (const password of ['wrong', 'wrong', `:${PASSWORD}`])
        expect(await recognize(password)).toEqual(['wrong_password', 'verify']);
      expect((await users.recognize('ann@example.co', `m${PASSWORD}`, aSignInSource())).outcome).toBe(
        'unknown_email',
      );
    });

    it.each<[string, () => Promise<unknown>, string]>([
      [
        'the password was changed',
        () => users.changePassword(ann, PASSWORD, 'another password', aSignInSource()),
        'wrong_password',
      ],
      ['the account was disabled', () => users.update(ann.id, { disabled: true }), 'wrong_password'],
      ['the account was removed', () => users.remove(ann.id), 'unknown_email'],
      ['the address was changed', () => users.update(ann.id, { email: 'lee@example.com' }), 'unknown_email'],
    ])('knows it no longer once %s', async (_, change, outcome) => {
      await recognize();
      await change();
      expect(await recognize()).toEqual([outcome, 'verify']);
    });

    it('shows the user as they are now', async () => {
      await recognize();
      await users.update(ann.id, { firstName: 'Ann' });
      expect(await users.recognize('ann@example.com', PASSWORD, aSignInSource())).toMatchObject({
        user: { firstName: 'Ann' },
      });
    });
  });

  describe('changing the address', () => {
    const NOT_AN_ADDRESS = {
      code: 'validation_failed',
      faults: [{ pointer: '/email', detail: 'Must be an e-mail address, such as ann@example.com.' }],
    };
    const outcomes = async (email: string) => [
      (await users.verify(email, PASSWORD, aSignInSource())).outcome,
      (await users.recognize(email, PASSWORD, aSignInSource())).outcome,
    ];

    it('has the new one sign in at once, and the old one no longer', async () => {
      const changed = await users.update(ann.id, { email: ' Lee@Example.com ' });
      expect(changed).toEqual({ ...ann, email: 'Lee@Example.com' });
      expect(await outcomes('lee@example.com')).toEqual(['verified', 'verified']);
      expect(await outcomes('ann@example.com')).toEqual(['unknown_email', 'unknown_email']);
    });

    it('keeps it in the form that Unicode composes', async () => {
      const { email } = await users.update(ann.id, { email: 'zoe\u0308@example.com' });
      expect(email).toBe('zo\u00eb@example.com');
    });

    it('has a known credential known on where the case alone is another', async () => {
      await outcomes('ann@example.com');
      await users.update(ann.id, { email: 'Ann@Example.com' });
      hasher.calls.length = 0;
      expect(await users.recognize('ann@example.com', PASSWORD, aSignInSource())).toMatchObject({
        isKnown: true,
        user: { email: 'Ann@Example.com' },
      });
      expect(hasher.calls).toEqual([]);
    });

    it('refuses one that is taken or none, and changes nothing then', async () => {
      await users.create({ ...account, email: 'ben@example.com' }, 'user');
      const change = (email: string) => users.update(ann.id, { email, firstName: 'Ann' });
      await expect(change('BEN@example.com')).rejects.toMatchObject({ code: 'email_taken' });
      for (const email of ['', 'ann', 'ann@', 'ann@example.com,ben@example.com'])
        await expect(change(email)).rejects.toMatchObject(NOT_AN_ADDRESS);
      await expect(change('ann\u202e@example.com')).rejects.toMatchObject({ code: 'validation_failed' });
      expect(await users.find(ann.id)).toEqual(ann);
    });

    it('takes any text to the letter where that is asked for', async () => {
      const options = new UsersOptions({ exactEmails: true });
      const exact = new UsersService(userStore, hasher, aThrottle(clock), clock, options);
      const recognize = async (email: string) =>
        (await exact.recognize(email, PASSWORD, aSignInSource())).outcome;
      expect(await recognize('ann@example.com')).toBe('verified');
      for (const email of ['Ann@example.com', ' ann ']) {
        expect(await exact.update(ann.id, { email })).toMatchObject({ email });
        expect(await recognize(email)).toBe('verified');
        expect(await recognize('ann@example.com')).toBe('unknown_email');
      }
    });

    it('is told once where it is another, and never which', async () => {
      Logger.overrideLogger(false);
      const audit = new MemoryAuditStore();
      const trail = new AuditTrail(audit, clock);
      const options = new UsersOptions();
      const told = new UsersService(userStore, hasher, aThrottle(clock), clock, options, trail);
      for (const email of ['lee@example.com', 'lee@example.com', undefined])
        await told.update(ann.id, { email, firstName: 'Ann' });
      const { events } = await audit.list({ userId: null, type: null }, 10, null);
      expect(events).toMatchObject([{ type: 'email_changed', subjectId: ann.id, details: {} }]);
      expect(JSON.stringify(events)).not.toContain('@');
      Logger.overrideLogger(new ConsoleLogger());
    });

    it('has no password changed of whoever has the old one by then', async () => {
      await users.update(ann.id, { email: 'lee@example.com' });
      await users.create({ ...account, password: 'the password of Ben' }, 'user');
      const change = users.changePassword(ann, 'the password of Ben', 'another password', aSignInSource());
      await expect(change).rejects.toMatchObject({ code: 'current_password_wrong' });
      const verification = await users.verify('ann@example.com', 'the password of Ben', aSignInSource());
      expect(verification.outcome).toBe('verified');
    });
  });

  describe('whoever watches', () => {
    const told: unknown[] = [];
    const by = { ...PROGRAM, requestId: 'request-0001' };

    class Watcher extends UserListener {
      async onUserDeactivated(...facts: Parameters<UserListener['onUserDeactivated']>): Promise<void> {
        await Promise.resolve();
        told.push(facts);
      }
    }

    beforeEach(() => {
      told.length = 0;
      const options = new UsersOptions();
      users = new UsersService(userStore, hasher, aThrottle(clock), clock, options, undefined, new Watcher());
    });

    it('has done what there is to do before a user is said to be disabled or deleted', async () => {
      await users.update(ann.id, { disabled: true }, by);
      expect(told).toEqual([[ann.id, 'user_disabled', by]]);
      await users.remove(ann.id, by);
      expect(told.slice(1)).toEqual([[ann.id, 'user_deleted', by]]);
    });

    it('may do it once more where a disabled user is disabled again, as the first time may have failed', async () => {
      await users.update(ann.id, { disabled: true });
      await users.update(ann.id, { disabled: true });
      expect(told).toHaveLength(2);
    });

    it('is left alone by every other change, and by one that is refused', async () => {
      await users.update(ann.id, { firstName: 'Ann', role: 'admin', disabled: false });
      await expect(users.update(ann.id, { disabled: true })).rejects.toMatchObject({ code: 'last_admin' });
      await expect(users.remove(ann.id)).rejects.toMatchObject({ code: 'last_admin' });
      expect(told).toEqual([]);
    });
  });

  it('spends nothing on a password that nobody can have, whoever is named', async () => {
    for (const email of ['ann@example.com', 'nobody@example.com']) {
      expect(await users.verify(email, 'x'.repeat(257), aSignInSource())).toEqual({
        outcome: 'wrong_password',
      });
      expect(await users.verify(email, '\u{1f9e5}'.repeat(257), aSignInSource())).toEqual({
        outcome: 'wrong_password',
      });
    }
    expect(hasher.calls).toEqual([]);
  });

  it('makes an outdated hash anew at the next sign-in, and leaves what was granted', async () => {
    const stronger = new CountingHasher({ cost: 5, pepper: null });
    const later = new UsersService(userStore, stronger, aThrottle(clock), clock, new UsersOptions());
    expect((await later.verify('ann@example.com', 'wrong', aSignInSource())).outcome).toBe('wrong_password');
    expect((await userStore.findCredential('ann@example.com'))?.passwordHash).toContain('r=4');
    expect((await later.verify('ann@example.com', PASSWORD, aSignInSource())).outcome).toBe('verified');
    const credential = await userStore.findCredential('ann@example.com');
    expect(credential?.passwordHash).toContain('r=5');
    expect(credential?.user.credentialVersion).toBe(ann.credentialVersion);
    expect((await later.verify('ann@example.com', PASSWORD, aSignInSource())).outcome).toBe('verified');
    expect(stronger.calls).toEqual(['verify', 'verify', 'hash', 'verify']);
  });

  it.each<[string, PasswordHasher, RegExp]>([
    ['bcrypt to Argon2id', new Argon2PasswordHasher({ cost: 1, pepper: null }), /^\$argon2id\$/],
    ['no pepper to one', new BcryptPasswordHasher({ cost: 4, pepper: 'p'.repeat(32) }), /,k=/],
  ])('goes from %s and back by sign-ins', async (_, other, form) => {
    const hashOf = async () => (await userStore.findCredential('ann@example.com'))?.passwordHash;
    const later = new UsersService(userStore, other, aThrottle(clock), clock, new UsersOptions());
    const before = await hashOf();
    expect((await later.verify('ann@example.com', 'wrong', aSignInSource())).outcome).toBe('wrong_password');
    expect(await hashOf()).toBe(before);
    expect((await later.verify('ann@example.com', PASSWORD, aSignInSource())).outcome).toBe('verified');
    expect(await hashOf()).toMatch(form);
    const previousPeppers = ['p'.repeat(32)];
    const back = new BcryptPasswordHasher({ cost: 4, pepper: null, previousPeppers });
    const again = new UsersService(userStore, back, aThrottle(clock), clock, new UsersOptions());
    expect((await again.verify('ann@example.com', PASSWORD, aSignInSource())).outcome).toBe('verified');
    expect(await hashOf()).toMatch(/^\$bcrypt-sha256\$v=2,t=2b,r=4\$/);
    expect((await users.verify('ann@example.com', PASSWORD, aSignInSource())).outcome).toBe('verified');
  });

  it('takes over the hashes of another system, and has the whole password count from then on', async () => {
    const long = `${'mango tea soups '.repeat(5)}and more`;
    const imported = bcrypt.hashSync(long, 4);
    await userStore.insert({ ...ann, id: 'imported', email: 'imported@example.com' }, imported);
    expect((await users.verify('imported@example.com', 'wrong', aSignInSource())).outcome).toBe(
      'wrong_password',
    );
    expect((await users.verify('imported@example.com', long, aSignInSource())).outcome).toBe('verified');
    expect((await users.verify('imported@example.com', long.slice(0, 72), aSignInSource())).outcome).toBe(
      'wrong_password',
    );
    expect((await users.verify('imported@example.com', long, aSignInSource())).outcome).toBe('verified');
  });

  it('lets one of two racing changes of a password win', async () => {
    const changes = ['another good password', 'yet another password'].map((next) =>
      users.changePassword(ann, PASSWORD, next, aSignInSource()),
    );
    const results = await Promise.allSettled(changes);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it('knows an address in any case, or to the letter where that is asked for', async () => {
    const exact = new UsersService(
      userStore,
      hasher,
      aThrottle(clock),
      clock,
      new UsersOptions({ exactEmails: true }),
    );
    expect((await users.verify(' ANN@example.com', PASSWORD, aSignInSource())).outcome).toBe('verified');
    expect((await exact.verify('ANN@example.com', PASSWORD, aSignInSource())).outcome).toBe('unknown_email');
    expect((await exact.verify('ann@example.com', PASSWORD, aSignInSource())).outcome).toBe('verified');
  });
});
