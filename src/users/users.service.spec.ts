import { beforeEach, describe, expect, it } from '@jest/globals';
import { ConsoleLogger, Logger } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { AuditTrail } from '../audit/audit-trail.js';
import { SecurityEvents } from '../audit/security-events.js';
import { PROGRAM } from '../audit/initiator.js';
import { ALL_EVENTS } from '../audit/audit-store.js';
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
import { identityOf } from './identity.js';

const PASSWORD = 'the right password';
const account = { email: 'ann@example.com', password: PASSWORD, firstName: null, lastName: null };

/** Records the calls and the results of verifications. */
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

describe('UsersService', () => {
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
    for (let made = 0; made < 5; made += 1)
      await users.passwords.verify('ann@example.com', 'wrong', aSignInSource());
  };

  it.each<[string, string, string, () => Promise<unknown>]>([
    ['an unknown address', 'nobody@example.com', 'wrong', () => Promise.resolve()],
    ['a wrong password', 'ann@example.com', 'wrong', () => Promise.resolve()],
    ['a disabled account', 'ann@example.com', PASSWORD, () => users.update(ann.id, { disabled: true })],
    ['a throttled account', 'ann@example.com', PASSWORD, failFive],
  ])('runs one verification for %s', async (_, email, password, prepare) => {
    await prepare();
    hasher.calls.length = 0;
    expect((await users.passwords.verify(email, password, aSignInSource())).outcome).not.toBe('verified');
    expect(hasher.calls).toEqual(['verify']);
  });

  it('runs one verification for the right password', async () => {
    expect(await users.passwords.verify('ann@example.com', PASSWORD, aSignInSource())).toEqual({
      outcome: 'verified',
      ...identityOf(ann),
    });
    expect(hasher.calls).toEqual(['verify']);
  });

  it.each([
    ['with the right password', PASSWORD],
    ['with a wrong one', 'wrong'],
  ])('verifies a dummy hash for a disabled user %s', async (_, password) => {
    await users.update(ann.id, { disabled: true });
    expect((await users.passwords.verify('ann@example.com', password, aSignInSource())).outcome).toBe(
      'wrong_password',
    );
    expect(hasher.answers).toEqual([false]);
  });

  describe('recognizing a credential', () => {
    const recognize = async (password = PASSWORD) => {
      hasher.calls.length = 0;
      const { outcome } = await users.passwords.recognize('ann@example.com', password, aSignInSource());
      return [outcome, ...hasher.calls];
    };

    it('runs one verification within 15 minutes for the right one', async () => {
      expect(await recognize()).toEqual(['verified', 'verify']);
      clock.advance(15 * 60_000 - 1);
      expect(await recognize()).toEqual(['verified']);
      clock.advance(1);
      expect(await recognize()).toEqual(['verified', 'verify']);
    });

    it('runs one verification for each wrong one, even if it is repeated', async () => {
      await recognize();
      for (const password of ['wrong', 'wrong', `:${PASSWORD}`])
        expect(await recognize(password)).toEqual(['wrong_password', 'verify']);
      expect(
        (await users.passwords.recognize('ann@example.co', `m${PASSWORD}`, aSignInSource())).outcome,
      ).toBe('unknown_email');
    });

    it.each<[string, () => Promise<unknown>, string]>([
      [
        'a change of the password',
        () => users.passwords.change(identityOf(ann), PASSWORD, 'another password', aSignInSource()),
        'wrong_password',
      ],
      ['disabling of the account', () => users.update(ann.id, { disabled: true }), 'wrong_password'],
      ['deletion of the account', () => users.remove(ann.id), 'unknown_email'],
      ['a change of the address', () => users.update(ann.id, { email: 'lee@example.com' }), 'unknown_email'],
    ])('forgets it after %s', async (_, change, outcome) => {
      await recognize();
      await change();
      expect(await recognize()).toEqual([outcome, 'verify']);
    });

    it('returns the current state of the user', async () => {
      await recognize();
      await users.update(ann.id, { firstName: 'Ann' });
      expect(await users.passwords.recognize('ann@example.com', PASSWORD, aSignInSource())).toMatchObject({
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
      (await users.passwords.verify(email, PASSWORD, aSignInSource())).outcome,
      (await users.passwords.recognize(email, PASSWORD, aSignInSource())).outcome,
    ];

    it('makes the new one valid for sign-in at once, and the old one invalid', async () => {
      const changed = await users.update(ann.id, { email: ' Lee@Example.com ' });
      expect(changed).toEqual({ ...ann, email: 'Lee@Example.com' });
      expect(await outcomes('lee@example.com')).toEqual(['verified', 'verified']);
      expect(await outcomes('ann@example.com')).toEqual(['unknown_email', 'unknown_email']);
    });

    it('stores it in NFC', async () => {
      const { email } = await users.update(ann.id, { email: 'zoe\u0308@example.com' });
      expect(email).toBe('zo\u00eb@example.com');
    });

    it('keeps a recent verification if only the case differs', async () => {
      await outcomes('ann@example.com');
      await users.update(ann.id, { email: 'Ann@Example.com' });
      hasher.calls.length = 0;
      expect(await users.passwords.recognize('ann@example.com', PASSWORD, aSignInSource())).toMatchObject({
        isKnown: true,
        user: { email: 'Ann@Example.com' },
      });
      expect(hasher.calls).toEqual([]);
    });

    it('refuses a taken or invalid one without changing anything', async () => {
      await users.create({ ...account, email: 'ben@example.com' }, 'user');
      const change = (email: string) => users.update(ann.id, { email, firstName: 'Ann' });
      await expect(change('BEN@example.com')).rejects.toMatchObject({ code: 'email_taken' });
      for (const email of ['', 'ann', 'ann@', 'ann@example.com,ben@example.com'])
        await expect(change(email)).rejects.toMatchObject(NOT_AN_ADDRESS);
      await expect(change('ann\u202e@example.com')).rejects.toMatchObject({ code: 'validation_failed' });
      expect(await users.find(ann.id)).toEqual(ann);
    });

    it('accepts and compares any text exactly with exactEmails', async () => {
      const options = new UsersOptions({ exactEmails: true });
      const exact = new UsersService(userStore, hasher, aThrottle(clock), clock, options);
      const recognize = async (email: string) =>
        (await exact.passwords.recognize(email, PASSWORD, aSignInSource())).outcome;
      expect(await recognize('ann@example.com')).toBe('verified');
      for (const email of ['Ann@example.com', ' ann ']) {
        expect(await exact.update(ann.id, { email })).toMatchObject({ email });
        expect(await recognize(email)).toBe('verified');
        expect(await recognize('ann@example.com')).toBe('unknown_email');
      }
    });

    it('is recorded once in the audit trail, without the address', async () => {
      Logger.overrideLogger(false);
      const audit = new MemoryAuditStore();
      const trail = new AuditTrail(audit, clock);
      const options = new UsersOptions();
      const recorded = new UsersService(
        userStore,
        hasher,
        aThrottle(clock),
        clock,
        options,
        new SecurityEvents(trail),
      );
      for (const email of ['lee@example.com', 'lee@example.com', undefined])
        await recorded.update(ann.id, { email, firstName: 'Ann' });
      const { events } = await audit.list(ALL_EVENTS, 10, null);
      expect(events).toMatchObject([{ type: 'email_changed', subjectId: ann.id, details: {} }]);
      expect(JSON.stringify(events)).not.toContain('@');
      Logger.overrideLogger(new ConsoleLogger());
    });

    it('protects the password of a user who takes over the old address', async () => {
      await users.update(ann.id, { email: 'lee@example.com' });
      await users.create({ ...account, password: 'the password of Ben' }, 'user');
      const change = users.passwords.change(
        identityOf(ann),
        'the password of Ben',
        'another password',
        aSignInSource(),
      );
      await expect(change).rejects.toMatchObject({ code: 'current_password_wrong' });
      const verification = await users.passwords.verify(
        'ann@example.com',
        'the password of Ben',
        aSignInSource(),
      );
      expect(verification.outcome).toBe('verified');
    });
  });

  describe('notifying listeners', () => {
    const events: unknown[] = [];
    const by = { ...PROGRAM, requestId: 'request-0001' };

    class RecordingListener extends UserListener {
      async onUserDeactivated(...facts: Parameters<UserListener['onUserDeactivated']>): Promise<void> {
        await Promise.resolve();
        events.push(facts);
      }
    }

    beforeEach(() => {
      events.length = 0;
      const options = new UsersOptions();
      users = new UsersService(
        userStore,
        hasher,
        aThrottle(clock),
        clock,
        options,
        undefined,
        new RecordingListener(),
      );
    });

    it('is complete before the caller learns that the user is disabled or deleted', async () => {
      await users.update(ann.id, { disabled: true }, by);
      expect(events).toEqual([[ann.id, 'user_disabled', by]]);
      await users.remove(ann.id, by);
      expect(events.slice(1)).toEqual([[ann.id, 'user_deleted', by]]);
    });

    it('happens again if a disabled user is disabled again, because the first time may have failed', async () => {
      await users.update(ann.id, { disabled: true });
      await users.update(ann.id, { disabled: true });
      expect(events).toHaveLength(2);
    });

    it('does not happen for other changes or refused ones', async () => {
      await users.update(ann.id, { firstName: 'Ann', role: 'admin', disabled: false });
      await expect(users.update(ann.id, { disabled: true })).rejects.toMatchObject({ code: 'last_admin' });
      await expect(users.remove(ann.id)).rejects.toMatchObject({ code: 'last_admin' });
      expect(events).toEqual([]);
    });
  });

  it('runs no verification for an overlong password, whether or not the account exists', async () => {
    for (const email of ['ann@example.com', 'nobody@example.com']) {
      expect(await users.passwords.verify(email, 'x'.repeat(257), aSignInSource())).toEqual({
        outcome: 'wrong_password',
      });
      expect(await users.passwords.verify(email, '\u{1f9e5}'.repeat(257), aSignInSource())).toEqual({
        outcome: 'wrong_password',
      });
    }
    expect(hasher.calls).toEqual([]);
  });

  it('replaces an outdated hash at the next sign-in and leaves sessions valid', async () => {
    const stronger = new CountingHasher({ cost: 5, pepper: null });
    const later = new UsersService(userStore, stronger, aThrottle(clock), clock, new UsersOptions());
    expect((await later.passwords.verify('ann@example.com', 'wrong', aSignInSource())).outcome).toBe(
      'wrong_password',
    );
    expect((await userStore.findCredential('ann@example.com'))?.passwordHash).toContain('r=4');
    expect((await later.passwords.verify('ann@example.com', PASSWORD, aSignInSource())).outcome).toBe(
      'verified',
    );
    const credential = await userStore.findCredential('ann@example.com');
    expect(credential?.passwordHash).toContain('r=5');
    expect(credential?.user.credentialVersion).toBe(ann.credentialVersion);
    expect((await later.passwords.verify('ann@example.com', PASSWORD, aSignInSource())).outcome).toBe(
      'verified',
    );
    expect(stronger.calls).toEqual(['verify', 'verify', 'hash', 'verify']);
  });

  it.each<[string, PasswordHasher, RegExp]>([
    ['bcrypt to Argon2id', new Argon2PasswordHasher({ cost: 1, pepper: null }), /^\$argon2id\$/],
    ['no pepper to one', new BcryptPasswordHasher({ cost: 4, pepper: 'p'.repeat(32) }), /,k=/],
  ])('migrates hashes from %s and back at sign-in', async (_, other, form) => {
    const hashOf = async () => (await userStore.findCredential('ann@example.com'))?.passwordHash;
    const later = new UsersService(userStore, other, aThrottle(clock), clock, new UsersOptions());
    const before = await hashOf();
    expect((await later.passwords.verify('ann@example.com', 'wrong', aSignInSource())).outcome).toBe(
      'wrong_password',
    );
    expect(await hashOf()).toBe(before);
    expect((await later.passwords.verify('ann@example.com', PASSWORD, aSignInSource())).outcome).toBe(
      'verified',
    );
    expect(await hashOf()).toMatch(form);
    const previousPeppers = ['p'.repeat(32)];
    const back = new BcryptPasswordHasher({ cost: 4, pepper: null, previousPeppers });
    const again = new UsersService(userStore, back, aThrottle(clock), clock, new UsersOptions());
    expect((await again.passwords.verify('ann@example.com', PASSWORD, aSignInSource())).outcome).toBe(
      'verified',
    );
    expect(await hashOf()).toMatch(/^\$bcrypt-sha256\$v=2,t=2b,r=4\$/);
    expect((await users.passwords.verify('ann@example.com', PASSWORD, aSignInSource())).outcome).toBe(
      'verified',
    );
  });

  it('accepts the hashes of another system, and requires the whole password after the first sign-in', async () => {
    const long = `${'mango tea soups '.repeat(5)}and more`;
    const imported = bcrypt.hashSync(long, 4);
    await userStore.insert({ ...ann, id: 'imported', email: 'imported@example.com' }, imported);
    expect((await users.passwords.verify('imported@example.com', 'wrong', aSignInSource())).outcome).toBe(
      'wrong_password',
    );
    expect((await users.passwords.verify('imported@example.com', long, aSignInSource())).outcome).toBe(
      'verified',
    );
    expect(
      (await users.passwords.verify('imported@example.com', long.slice(0, 72), aSignInSource())).outcome,
    ).toBe('wrong_password');
    expect((await users.passwords.verify('imported@example.com', long, aSignInSource())).outcome).toBe(
      'verified',
    );
  });

  it.each<[string, string]>([
    // get_hasher('pbkdf2_sha256').encode('correct horse battery staple', '3JXqKaP0Vh1tmnsrvkzGaD', 1000) in Django 5.2.17
    ['Django', 'pbkdf2_sha256$1000$3JXqKaP0Vh1tmnsrvkzGaD$aKK52d5u1Y4JFHHvUkd/Ed4A53QD9pDW/9W1oN7qK0Q='],
    // generate_password_hash('correct horse battery staple', method='scrypt:1024:8:1') in Werkzeug 3.1.9
    [
      'Werkzeug',
      'scrypt:1024:8:1$n6MMz2wSfg5MQsyt$50888a57ff12dff54a761e4196788cc4bd721d923b2e82c8f90b337b02bf360f46f228614d572621b54176e1acfec85dc658a4b559267c6f8282b561ae009e41',
    ],
  ])(
    'replaces a hash of %s at the first sign-in with the right password, unless rehashPasswords is false',
    async (system, imported) => {
      const email = `${system}@example.com`;
      await userStore.insert({ ...ann, id: system, email }, imported);
      const hashOf = async () => (await userStore.findCredential(email))?.passwordHash;
      const verify = async (service: UsersService, password: string) =>
        (await service.passwords.verify(email, password, aSignInSource())).outcome;
      const options = new UsersOptions({ rehashPasswords: false });
      const keeping = new UsersService(userStore, hasher, aThrottle(clock), clock, options);
      expect(await verify(users, 'wrong')).toBe('wrong_password');
      expect(await verify(keeping, 'correct horse battery staple')).toBe('verified');
      expect(await hashOf()).toBe(imported);
      expect(await verify(users, 'correct horse battery staple')).toBe('verified');
      expect(await hashOf()).toMatch(/^\$bcrypt-sha256\$/);
      expect(await verify(keeping, 'correct horse battery staple')).toBe('verified');
    },
  );

  it('keeps an outdated hash if rehashPasswords is false', async () => {
    const stronger = new CountingHasher({ cost: 5, pepper: null });
    const options = new UsersOptions({ rehashPasswords: false });
    const later = new UsersService(userStore, stronger, aThrottle(clock), clock, options);
    expect((await later.passwords.verify('ann@example.com', PASSWORD, aSignInSource())).outcome).toBe(
      'verified',
    );
    expect((await userStore.findCredential('ann@example.com'))?.passwordHash).toContain('r=4');
  });

  it('lets one of two concurrent password changes succeed', async () => {
    const changes = ['another good password', 'yet another password'].map((next) =>
      users.passwords.change(identityOf(ann), PASSWORD, next, aSignInSource()),
    );
    const results = await Promise.allSettled(changes);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it('compares addresses in any case, or exactly with exactEmails', async () => {
    const exact = new UsersService(
      userStore,
      hasher,
      aThrottle(clock),
      clock,
      new UsersOptions({ exactEmails: true }),
    );
    expect((await users.passwords.verify(' ANN@example.com', PASSWORD, aSignInSource())).outcome).toBe(
      'verified',
    );
    expect((await exact.passwords.verify('ANN@example.com', PASSWORD, aSignInSource())).outcome).toBe(
      'unknown_email',
    );
    expect((await exact.passwords.verify('ann@example.com', PASSWORD, aSignInSource())).outcome).toBe(
      'verified',
    );
  });
});
