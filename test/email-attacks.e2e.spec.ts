import { afterEach, expect, it } from '@jest/globals';
import { EmailService, MailComposer, OutboxStore, UserStore, UsersService } from 'coatcheck';
import { MemoryMailer, tokenIn } from 'coatcheck/testing';
import { PASSWORD, TestApp } from './support/app.js';
import { STORAGES } from './support/storages.js';

const ANN = 'ann@example.com';
const LEE = 'lee@example.com';
const THIRD = 'third@example.com';
const HOUR = 3_600_000;
const INVALID = { status: 400, body: { code: 'email_token_invalid' } };

/** Something that others wait for. */
class Signal {
  give!: () => void;
  readonly given = new Promise<void>((resolve) => {
    this.give = resolve;
  });
}

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp();
});

for (const [storage, { describe: describeStorage, open }] of Object.entries(STORAGES)) {
  if (storage === 'Redis') continue; // users and tokens are in SQLite there
  describeStorage(`Somebody with a session of Ann, with ${storage}`, () => {
    /** Ann, and `count` servers on the same database. */
    const start = async (count = 1, settings: Readonly<Record<string, string>> = {}) => {
      const { variables, drop } = await open();
      cleanups.push(drop);
      const mailbox = new MemoryMailer();
      const all = {
        AUTH_TYPE: storage === 'memory' ? 'session_auth' : 'session_db_auth',
        REGISTRATION: 'open',
        MAILS_PER_NETWORK: '1000',
        ...variables,
        ...settings,
      };
      const apps: TestApp[] = [];
      for (let index = 0; index < count; index += 1) {
        const app = await TestApp.start(all, {}, { mailer: mailbox });
        cleanups.push(() => app.stop());
        apps.push(app);
      }
      const app = apps[0]!;
      const users = app.nest.get(UsersService);
      const { id } = await app.addUser(ANN);
      const thief = app.visitor();
      expect((await thief.login(ANN)).status).toBe(200);
      const settled = async () => {
        const outbox = app.nest.get(OutboxStore);
        for (let tries = 0; (await outbox.count(null)) > 0; tries += 1) {
          if (tries > 1000) throw new Error('The outbox is not empty after ten seconds.');
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      };
      /** Asks for a change. Returns the tokens of the mails, by their recipients. */
      const change = async (email: string) => {
        await settled();
        mailbox.clear();
        expect(await thief.put('/users/me', { email })).toMatchObject({ status: 200 });
        await settled();
        const withToken = mailbox.messages.filter(({ text }) => text.includes('#token='));
        return Object.fromEntries(withToken.map((mail) => [mail.to, tokenIn(mail)]));
      };
      const post = (path: string, token: string | undefined, from = app) =>
        from.visitor().post(path, { token });
      const addressOf = async () => (await users.find(id))?.email;
      /** The mails with a token for a new password. */
      const resets = async () => {
        await settled();
        return mailbox.messages.filter(({ text }) => text.includes('#token=reset-')).map(({ to }) => to);
      };
      return { app, apps, mailbox, users, id, thief, settled, change, post, addressOf, resets };
    };

    it.each([1, 2, 3])(
      'cannot take the right to cancel by %d more changes that are pending',
      async (more) => {
        const { change, post, addressOf, resets, thief } = await start();
        const first = await change(LEE);
        expect((await post('/email/confirm', first[LEE])).status).toBe(200);
        let tokens = first;
        for (let index = 0; index < more; index += 1) tokens = await change(`${index}-${THIRD}`);
        expect(await post('/email/cancel', first[ANN])).toMatchObject(INVALID);
        expect((await post('/email/cancel', tokens[ANN])).status).toBe(200);
        expect(await addressOf()).toBe(ANN);
        expect(await resets()).toEqual([ANN]);
        expect((await thief.get('/users/me')).status).toBe(401);
        expect(await post('/email/confirm', tokens[`${more - 1}-${THIRD}`])).toMatchObject(INVALID);
      },
    );

    it('cannot take the old address by another account while its owner may take it back', async () => {
      const { app, mailbox, settled, change, post, addressOf, users } = await start();
      const { id: other } = await app.addUser('other@example.com');
      const accomplice = app.visitor();
      await accomplice.login('other@example.com');
      const before = await change(LEE);
      expect((await post('/email/confirm', before[LEE])).status).toBe(200);
      // The hold lasts as long as the newest change, also after 72 hours since the first.
      app.clock.advance(71 * HOUR);
      const thief = app.visitor();
      await thief.login(LEE);
      expect((await thief.put('/users/me', { email: THIRD })).status).toBe(200);
      await settled();
      const cancel = tokenIn(mailbox.lastTo(ANN)!);
      app.clock.advance(2 * HOUR);
      mailbox.clear();
      await accomplice.login('other@example.com');
      expect((await accomplice.put('/users/me', { email: ANN })).status).toBe(200);
      expect(await app.visitor().post('/users', { email: ANN, password: PASSWORD })).toMatchObject({
        status: 202,
      });
      await settled();
      expect(mailbox.messages.map(({ to }) => to)).not.toContain(ANN);
      expect((await users.find(other))?.email).toBe('other@example.com');
      expect((await post('/email/cancel', cancel)).status).toBe(200);
      expect(await addressOf()).toBe(ANN);
    });

    it('cannot keep the new address by confirming it while the owner cancels', async () => {
      const { app, change, post, addressOf, resets, settled } = await start();
      const tokens = await change(LEE);
      const [emails, store] = [app.nest.get(EmailService), app.nest.get(UserStore)];
      const composer = app.nest.get(MailComposer);
      const [update, compose] = [store.update.bind(store), composer.compose.bind(composer)];
      const saved = new Signal();
      // The mails of cancelling are made while the account has the new address.
      composer.compose = (mail) => saved.given.then(() => compose(mail));
      let isFirst = true;
      store.update = async (...args) => {
        if (!isFirst) return update(...args);
        isFirst = false;
        await emails.cancelChange(tokens[ANN]!);
        const updated = await update(...args);
        saved.give();
        await settled();
        return updated;
      };
      expect(await post('/email/confirm', tokens[LEE])).toMatchObject(INVALID);
      expect(isFirst).toBe(false);
      expect(await addressOf()).toBe(ANN);
      expect((await app.visitor().login(ANN)).status).toBe(401);
      expect(await resets()).toEqual([ANN]);
    });

    it('cannot keep the new address by confirming it in the middle of cancelling', async () => {
      const { app, change, post, addressOf, resets } = await start();
      const tokens = await change(LEE);
      const [emails, store] = [app.nest.get(EmailService), app.nest.get(UserStore)];
      const [update, replacePassword] = [store.update.bind(store), store.replacePassword.bind(store)];
      const [revoking, confirmed] = [new Signal(), new Signal()];
      store.replacePassword = async (...args) => {
        revoking.give();
        await confirmed.given;
        return replacePassword(...args);
      };
      const cancelling: Promise<void>[] = [];
      store.update = async (...args) => {
        // The old address is restored already, because it has not changed yet.
        if (cancelling.length === 0) cancelling.push(emails.cancelChange(tokens[ANN]!));
        await revoking.given;
        return update(...args);
      };
      expect(await post('/email/confirm', tokens[LEE])).toMatchObject(INVALID);
      confirmed.give();
      await Promise.all(cancelling);
      expect(cancelling).toHaveLength(1);
      expect(await addressOf()).toBe(ANN);
      expect(await resets()).toEqual([ANN]);
    });

    const servers = storage === 'memory' ? 1 : 2;
    it(`cannot win a race of 16 confirmations against 16 cancellations, on ${servers} servers`, async () => {
      const { apps, change, post, addressOf, resets, thief } = await start(servers);
      const first = await change(LEE);
      expect((await post('/email/confirm', first[LEE])).status).toBe(200);
      const tokens = await change(THIRD);
      const answers = await Promise.all(
        Array.from({ length: 32 }, (_, index) => {
          const app = apps[(index >> 1) % servers]!;
          return index % 2 === 0
            ? post('/email/confirm', tokens[THIRD], app)
            : post('/email/cancel', tokens[ANN], app);
        }),
      );
      const cancelled = answers.filter((_, index) => index % 2 === 1).map(({ status }) => status);
      const confirmed = answers.filter((_, index) => index % 2 === 0).map(({ status }) => status);
      // The owner may have to try again. The mail can be used until it has worked.
      if (!cancelled.includes(200)) cancelled.push((await post('/email/cancel', tokens[ANN])).status);
      expect(cancelled.filter((status) => status === 200)).toHaveLength(1);
      expect(confirmed.filter((status) => status === 200).length).toBeLessThanOrEqual(1);
      expect(await addressOf()).toBe(ANN);
      expect((await thief.get('/users/me')).status).toBe(401);
      expect(await resets()).toEqual([ANN]);
    });

    it('cannot prevent cancelling by deleting the mails, the password or the limits', async () => {
      const { app, thief, change, post, addressOf, mailbox, settled } = await start(1, {
        MAILS_PER_ADDRESS: '1',
        MAILS_PER_ACCOUNT: '1',
      });
      for (let count = 0; count < 5; count += 1) await app.visitor().post('/password/forgot', { email: ANN });
      const tokens = await change(LEE);
      // The limits of mails that anyone can ask for do not hold for the notice to the owner.
      expect(tokens[ANN]).toMatch(/^cancel-/);
      const change2 = { current_password: PASSWORD, new_password: 'the password of a thief' };
      expect((await thief.put('/users/me/password', change2)).status).toBe(200);
      expect((await post('/email/cancel', tokens[ANN])).status).toBe(200);
      expect(await addressOf()).toBe(ANN);
      await settled();
      expect(mailbox.lastTo(ANN)?.text).toContain('#token=reset-');
    });
  });
}
