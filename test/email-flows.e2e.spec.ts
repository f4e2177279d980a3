import { afterEach, describe, expect, it } from '@jest/globals';
import {
  ALL_EVENTS,
  AuditStore,
  EmailService,
  OutboxStore,
  PasswordResetService,
  UsersService,
} from 'coatcheck';
import { MemoryMailer, linkIn, tokenIn } from 'coatcheck/testing';
import { MAILS, PASSWORD, TestApp, type Visitor, basic } from './support/app.js';
import { STORAGES } from './support/storages.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NEXT = 'another good password';
const INVALID = { status: 400, body: { code: 'email_token_invalid' } };
const RESET_INVALID = { status: 400, body: { code: 'reset_token_invalid' } };
const ANN = 'ann@example.com';
const LEE = 'lee@example.com';
const ACCEPTED = { status: 202, body: {} };

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp();
});

for (const [storage, { describe: describeStorage, open }] of Object.entries(STORAGES)) {
  describeStorage(`The flows by e-mail, with ${storage}`, () => {
    /** A server with an administrator and Ann, whose mails come to `mailbox`. */
    const start = async (settings: Readonly<Record<string, string>> = {}, count = 1) => {
      const { variables, drop } = await open();
      cleanups.push(drop);
      const type = storage === 'memory' ? 'session_auth' : 'session_db_auth,token_auth';
      const mailbox = new MemoryMailer();
      const all = { AUTH_TYPE: `${type},basic_auth`, REGISTRATION: 'open', ...variables, ...settings };
      const apps: TestApp[] = [];
      for (let index = 0; index < count; index += 1)
        apps.push(await TestApp.start(all, {}, { mailer: mailbox }));
      cleanups.push(...apps.map((app) => () => app.stop()));
      const [app] = apps as [TestApp];
      await app.addUser('root@example.com', 'admin');
      const { id } = await app.addUser(ANN);
      await settled(app);
      mailbox.clear();
      return { app, other: apps.at(-1)!, mailbox, id };
    };
    /** Waits until the outbox is empty. */
    const settled = async (app: TestApp) => {
      const outbox = app.nest.get(OutboxStore);
      for (let tries = 0; (await outbox.count(null)) > 0; tries += 1) {
        if (tries > 500) throw new Error('The outbox is not empty after five seconds.');
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    /** The mails that were sent since the last call, as `address: subject`. */
    const sent = async (app: TestApp, mailbox: MemoryMailer) => {
      await settled(app);
      const messages = mailbox.messages;
      mailbox.clear();
      return messages;
    };
    const signedIn = async (app: TestApp, email = ANN): Promise<Visitor> => {
      const visitor = app.visitor();
      expect((await visitor.login(email)).status).toBe(200);
      return visitor;
    };
    const typesAbout = async (app: TestApp, userId: string | null) => {
      const { events } = await app.nest.get(AuditStore).list({ ...ALL_EVENTS, userId }, 1000, null);
      return events.map(({ type }) => type);
    };

    it('let a person who forgot the password choose a new one, once and within half an hour', async () => {
      const { app, mailbox, id } = await start();
      const before = await signedIn(app);
      await sent(app, mailbox);
      expect(await app.visitor().post('/password/forgot', { email: ' ANN@Example.com ' })).toMatchObject(
        ACCEPTED,
      );
      const [mail, ...others] = await sent(app, mailbox);
      expect(others).toEqual([]);
      expect(mail).toMatchObject({ to: ANN, from: MAILS.MAIL_FROM, language: 'en' });
      expect(linkIn(mail!)).toMatch(/^https:\/\/app\.example\.com\/account\/reset#token=reset-/);
      const token = tokenIn(mail!);
      const reset = (new_password: string) => app.visitor().post('/password/reset', { token, new_password });
      expect((await reset('short')).body.code).toBe('validation_failed');
      app.clock.advance(30 * MINUTE - 1000);
      const answers = await Promise.all(Array.from({ length: 16 }, (_, index) => reset(`${NEXT} ${index}`)));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([
        200,
        ...Array.from({ length: 15 }, () => 400),
      ]);
      const chosen = `${NEXT} ${answers.findIndex(({ status }) => status === 200)}`;
      expect((await before.get('/users/me')).status).toBe(401);
      expect((await app.visitor().login(ANN)).status).toBe(401);
      const after = app.visitor();
      expect(await after.login(ANN, chosen)).toMatchObject({ status: 200 });
      // Who has read the mail has proved the address.
      expect((await after.get('/users/me')).body.email_verified).toBe(true);
      expect(
        (await sent(app, mailbox)).map(({ to, subject }) => [to, /password/i.test(subject)]),
      ).toContainEqual([ANN, true]);
      expect(await typesAbout(app, id)).toEqual(expect.arrayContaining(['password_reset', 'email_verified']));
    });

    it('replace an older token by a newer one, and end a token that is too old', async () => {
      const { app, mailbox } = await start();
      const tokens: string[] = [];
      for (let count = 0; count < 2; count += 1) {
        await app.visitor().post('/password/forgot', { email: ANN });
        tokens.push(tokenIn((await sent(app, mailbox))[0]!));
      }
      const reset = (token: string) => app.visitor().post('/password/reset', { token, new_password: NEXT });
      expect(await reset(tokens[0]!)).toMatchObject(RESET_INVALID);
      app.clock.advance(30 * MINUTE);
      expect(await reset(tokens[1]!)).toMatchObject(RESET_INVALID);
    });

    it('answer the same for an address without an account, and send nothing there', async () => {
      const { app, mailbox, id } = await start();
      await app.nest.get(UsersService).update(id, { disabled: true });
      for (const path of ['/password/forgot', '/email/verification'])
        for (const email of ['nobody@example.com', ANN, 'no address', '\u0000', '__proto__'])
          expect(await app.visitor().post(path, { email })).toMatchObject(ACCEPTED);
      expect(await sent(app, mailbox)).toEqual([]);
    });

    it('verify an address after registration, and once only', async () => {
      const { app, mailbox } = await start();
      const body = { email: LEE, password: PASSWORD };
      expect(await app.visitor().post('/users', body)).toMatchObject(ACCEPTED);
      const [mail] = await sent(app, mailbox);
      expect(linkIn(mail!)).toMatch(/^https:\/\/app\.example\.com\/account\/verify#token=verify-/);
      const lee = await signedIn(app, LEE);
      expect((await lee.get('/users/me')).body).toMatchObject({ email: LEE, email_verified: false });
      const verify = () => app.visitor().post('/email/verify', { token: tokenIn(mail!) });
      const statuses = (await Promise.all(Array.from({ length: 16 }, verify))).map(({ status }) => status);
      expect(statuses.toSorted()).toEqual([200, ...Array.from({ length: 15 }, () => 400)]);
      expect((await lee.get('/users/me')).body.email_verified).toBe(true);
      await app.visitor().post('/email/verification', { email: LEE });
      expect((await sent(app, mailbox)).filter(({ text }) => text.includes('#token='))).toEqual([]);
    });

    it('answer registration of a taken address in the same way, and tell its owner', async () => {
      const { app, mailbox, id } = await start();
      const register = (email: string) => app.visitor().post('/users', { email, password: PASSWORD });
      const [taken, free] = [await register('ANN@example.com'), await register(LEE)];
      expect(taken).toMatchObject(ACCEPTED);
      expect([taken.status, taken.body, [...taken.headers.keys()]]).toEqual([
        free.status,
        free.body,
        [...free.headers.keys()],
      ]);
      const mails = await sent(app, mailbox);
      expect(mails.map(({ to }) => to).toSorted()).toEqual([ANN, LEE]);
      const told = mails.find(({ to }) => to === ANN)!;
      expect(told.text).toContain('Set a new password:\nhttps://app.example.com/account/reset\n');
      expect(told.text).not.toContain('#token=');
      expect((await app.nest.get(UsersService).find(id))?.email).toBe(ANN);
      const root = await signedIn(app, 'root@example.com');
      expect(await root.post('/users', { email: ANN, password: PASSWORD })).toMatchObject({ status: 409 });
      expect(await root.post('/users', { email: 'new@example.com', password: PASSWORD })).toMatchObject({
        status: 201,
      });
    });

    it('let in only users with a verified address if that is required, and say so only after the right password', async () => {
      const { app, mailbox, id } = await start({ EMAIL_VERIFICATION: 'required' });
      const visitor = app.visitor();
      const rules = { mail: true, email_verification: 'required' };
      expect(await visitor.get('/registration')).toMatchObject({ status: 200, body: rules });
      const refused = { status: 403, body: { code: 'email_not_verified' } };
      expect(await visitor.login(ANN)).toMatchObject(refused);
      expect(await visitor.login(ANN, 'a wrong password')).toMatchObject({
        status: 401,
        body: { code: 'credentials_invalid' },
      });
      expect(await app.visitor(basic(ANN)).get('/users/me')).toMatchObject(refused);
      expect(await app.visitor(basic(ANN, 'a wrong password')).get('/users/me')).toMatchObject({
        status: 401,
      });
      await app.visitor().post('/email/verification', { email: ANN });
      const [mail] = await sent(app, mailbox);
      expect((await app.visitor().post('/email/verify', { token: tokenIn(mail!) })).status).toBe(200);
      expect((await visitor.login(ANN)).status).toBe(200);
      expect((await app.visitor(basic(ANN)).get('/users/me')).status).toBe(200);
      expect(await typesAbout(app, id)).toEqual(expect.arrayContaining(['email_verified', 'sign_in_failed']));
    });

    it('change an address only when the new one confirms it', async () => {
      const { app, mailbox, id } = await start();
      const ann = await signedIn(app);
      await sent(app, mailbox);
      const answer = await ann.put('/users/me', { email: LEE, first_name: 'Ann' });
      expect(answer).toMatchObject({
        status: 200,
        body: { email: ANN, pending_email: LEE, first_name: 'Ann' },
      });
      const mails = await sent(app, mailbox);
      expect(mails.map(({ to }) => to).toSorted()).toEqual([ANN, LEE]);
      const confirm = () =>
        app.visitor().post('/email/confirm', { token: tokenIn(mails.find(({ to }) => to === LEE)!) });
      const statuses = (await Promise.all(Array.from({ length: 16 }, confirm))).map(({ status }) => status);
      expect(statuses.toSorted()).toEqual([200, ...Array.from({ length: 15 }, () => 400)]);
      expect((await ann.get('/users/me')).body).toMatchObject({ email: LEE, email_verified: true });
      expect((await app.visitor().login(ANN)).status).toBe(401);
      expect((await app.visitor().login(LEE)).status).toBe(200);
      expect((await sent(app, mailbox)).map(({ to }) => to)).toContain(ANN);
      expect(await typesAbout(app, id)).toEqual(
        expect.arrayContaining(['email_change_requested', 'email_changed']),
      );
    });

    it.each(['pending', 'done'])('let the old address cancel a change that is %s', async (state) => {
      const { app, mailbox, id } = await start();
      const thief = await signedIn(app);
      await sent(app, mailbox);
      await thief.put('/users/me', { email: LEE });
      const mails = await sent(app, mailbox);
      const [toOld, toNew] = [ANN, LEE].map((address) => tokenIn(mails.find(({ to }) => to === address)!));
      if (state === 'done')
        expect((await app.visitor().post('/email/confirm', { token: toNew })).status).toBe(200);
      await sent(app, mailbox);
      // Nobody else gets the old address as long as its owner may take it back.
      if (state === 'done') await app.visitor().post('/users', { email: ANN, password: PASSWORD });
      app.clock.advance(71 * HOUR);
      const cancel = () => app.visitor().post('/email/cancel', { token: toOld });
      const statuses = (await Promise.all(Array.from({ length: 4 }, cancel))).map(({ status }) => status);
      expect(statuses.toSorted()).toEqual([200, 400, 400, 400]);
      expect(await cancel()).toMatchObject(INVALID);
      expect((await app.nest.get(UsersService).find(id))?.email).toBe(ANN);
      expect((await thief.get('/users/me')).status).toBe(401);
      expect((await app.visitor().login(ANN)).status).toBe(401);
      expect(await app.visitor().post('/email/confirm', { token: toNew })).toMatchObject(INVALID);
      const last = (await sent(app, mailbox)).filter(({ text }) => text.includes('#token=reset-'));
      expect(last.map(({ to }) => to)).toEqual([ANN]);
      const token = tokenIn(last[0]!);
      const reset = (new_password: string) => app.visitor().post('/password/reset', { token, new_password });
      // The password that the other person knows cannot be chosen again.
      expect((await reset(PASSWORD)).body.code).toBe('validation_failed');
      expect((await reset(NEXT)).status).toBe(200);
      expect((await app.visitor().login(ANN, NEXT)).status).toBe(200);
    });

    it('do not cancel a change after 72 hours', async () => {
      const { app, mailbox } = await start();
      const ann = await signedIn(app);
      await sent(app, mailbox);
      await ann.put('/users/me', { email: LEE });
      const mail = (await sent(app, mailbox)).find(({ to }) => to === ANN)!;
      app.clock.advance(72 * HOUR);
      expect(await app.visitor().post('/email/cancel', { token: tokenIn(mail) })).toMatchObject(INVALID);
    });

    it('tell the first owner, too, when an address is changed a second time', async () => {
      const { app, mailbox, id } = await start();
      const thief = await signedIn(app);
      for (const [from, to] of [
        [ANN, LEE],
        [LEE, 'third@example.com'],
      ]) {
        await sent(app, mailbox);
        expect((await thief.put('/users/me', { email: to })).status).toBe(200);
        const mails = await sent(app, mailbox);
        expect(mails.map((mail) => mail.to)).toEqual(expect.arrayContaining([to, from, ANN]));
        await app.visitor().post('/email/confirm', { token: tokenIn(mails.find((mail) => mail.to === to)!) });
        if (from !== ANN)
          expect(
            (
              await app
                .visitor()
                .post('/email/cancel', { token: tokenIn(mails.find((mail) => mail.to === ANN)!) })
            ).status,
          ).toBe(200);
      }
      expect((await app.nest.get(UsersService).find(id))?.email).toBe(ANN);
    });

    it('hold an old address for its owner as long as there is an account', async () => {
      const { app, mailbox, id } = await start();
      const ann = await signedIn(app);
      await sent(app, mailbox);
      await ann.put('/users/me', { email: LEE });
      const mail = (await sent(app, mailbox)).find(({ to }) => to === LEE)!;
      expect((await app.visitor().post('/email/confirm', { token: tokenIn(mail) })).status).toBe(200);
      const users = app.nest.get(UsersService);
      const register = () => app.visitor().post('/users', { email: ANN, password: PASSWORD });
      expect(await register()).toMatchObject(ACCEPTED);
      expect(await users.findByEmail(ANN)).toBeNull();
      await users.remove(id);
      expect(await register()).toMatchObject(ACCEPTED);
      expect(await users.findByEmail(ANN)).not.toBeNull();
    });

    it('are ended by a change of an administrator', async () => {
      const { app, mailbox, id } = await start();
      const ann = await signedIn(app);
      const root = await signedIn(app, 'root@example.com');
      await sent(app, mailbox);
      await ann.put('/users/me', { email: LEE });
      const mail = (await sent(app, mailbox)).find(({ to }) => to === LEE)!;
      expect((await root.put(`/users/${id}`, { email: 'third@example.com' })).status).toBe(200);
      expect(await app.visitor().post('/email/confirm', { token: tokenIn(mail) })).toMatchObject(INVALID);
      expect((await app.nest.get(UsersService).find(id))?.email).toBe('third@example.com');
    });

    it('do not say whether a new address has an account, and tell its owner', async () => {
      const { app, mailbox } = await start();
      await app.addUser(LEE);
      const ann = await signedIn(app);
      await sent(app, mailbox);
      expect(await ann.put('/users/me', { email: LEE })).toMatchObject({
        status: 200,
        body: { pending_email: LEE },
      });
      const mails = await sent(app, mailbox);
      expect(mails.map(({ to }) => to).toSorted()).toEqual([ANN, LEE]);
      expect(mails.find(({ to }) => to === LEE)!.text).not.toContain('#token=');
    });

    it('invite a user, who chooses the password', async () => {
      const { app, mailbox } = await start({ EMAIL_VERIFICATION: 'required' });
      await app.nest
        .get(UsersService)
        .update((await app.nest.get(UsersService).findByEmail('root@example.com'))!.id, {
          emailVerifiedAt: app.clock.now(),
        });
      const root = await signedIn(app, 'root@example.com');
      await sent(app, mailbox);
      const body = { email: LEE, first_name: 'Lee', role: 'user' };
      expect(
        await (await signedIn(app, 'root@example.com')).post('/invitations', { ...body, role: 'king' }),
      ).toMatchObject({ status: 400 });
      expect(await root.post('/invitations', body)).toMatchObject({
        status: 201,
        body: { email: LEE, email_verified: false },
      });
      await sent(app, mailbox);
      expect((await app.visitor().login(LEE, '!')).body).toMatchObject({ code: 'credentials_invalid' });
      app.clock.advance(73 * HOUR);
      const again = await signedIn(app, 'root@example.com');
      expect(await again.post('/invitations', { email: LEE.toUpperCase(), role: 'admin' })).toMatchObject({
        status: 201,
        body: { email: LEE, first_name: 'Lee', role: 'user' },
      });
      const mail = (await sent(app, mailbox)).find(({ to }) => to === LEE)!;
      app.clock.advance(71 * HOUR);
      expect(
        (await app.visitor().post('/password/reset', { token: tokenIn(mail), new_password: NEXT })).status,
      ).toBe(200);
      expect((await app.visitor().login(LEE, NEXT)).status).toBe(200);
      expect(await (await signedIn(app, 'root@example.com')).post('/invitations', body)).toMatchObject({
        status: 409,
        body: { code: 'email_taken' },
      });
    });

    it('invite nobody again who was disabled', async () => {
      const { app, mailbox } = await start();
      const users = app.nest.get(UsersService);
      const lee = { email: LEE, firstName: null, lastName: null };
      await users.update((await users.invite(lee)).id, { disabled: true });
      await sent(app, mailbox);
      await expect(users.invite(lee)).rejects.toMatchObject({ code: 'email_taken' });
      expect(await sent(app, mailbox)).toEqual([]);
    });

    it.each(['invitation', 'reset'])(
      'do not let strangers make the token of an administrator invalid: %s',
      async (kind) => {
        const { app, mailbox, id } = await start();
        const users = app.nest.get(UsersService);
        if (kind === 'invitation') await users.invite({ email: LEE, firstName: null, lastName: null });
        const email = kind === 'invitation' ? LEE : ANN;
        const [invitation] = await sent(app, mailbox);
        const token = invitation
          ? tokenIn(invitation)
          : (await app.nest.get(PasswordResetService).issue(id)).token.reveal();
        const forgotten: string[] = [];
        for (let count = 0; count < 4; count += 1) {
          await app.visitor().post('/password/forgot', { email });
          const mails = (await sent(app, mailbox)).filter(({ to }) => to === email);
          forgotten.push(...mails.map((mail) => tokenIn(mail)));
        }
        expect(forgotten).toHaveLength(4);
        const reset = (one: string) =>
          app.visitor().post('/password/reset', { token: one, new_password: NEXT });
        expect(await reset(forgotten[2]!)).toMatchObject(RESET_INVALID);
        expect((await reset(token)).status).toBe(200);
        expect(await reset(forgotten[3]!)).toMatchObject(RESET_INVALID);
      },
    );

    it('change nothing else if a new address is refused, and show it as it is stored', async () => {
      const { app, mailbox } = await start({ MAILS_PER_NETWORK: '1' });
      const ann = await signedIn(app);
      await sent(app, mailbox);
      expect(await ann.put('/users/me', { email: ` ${LEE} ` })).toMatchObject({
        status: 200,
        body: { pending_email: LEE },
      });
      expect(await ann.put('/users/me', { email: 'kim@example.com', first_name: 'Kim' })).toMatchObject({
        status: 429,
        body: { code: 'too_many_mails' },
      });
      expect((await ann.get('/users/me')).body).toMatchObject({ first_name: null });
    });

    it('tell of a new password, a new browser and a new access token, and not of a known browser', async () => {
      const { app, mailbox } = await start();
      const firefox = {
        'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      };
      const edge = {
        'user-agent':
          'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
      };
      const subjects = async () => (await sent(app, mailbox)).map(({ to, subject }) => `${to}: ${subject}`);
      const ann = app.visitor(firefox);
      await ann.login(ANN);
      await app.visitor(firefox).login(ANN);
      expect(await subjects()).toEqual([]);
      await app.visitor(edge).login(ANN);
      expect(await subjects()).toEqual([expect.stringMatching(/sign/i)]);
      expect(
        (await ann.put('/users/me/password', { current_password: PASSWORD, new_password: NEXT })).status,
      ).toBe(200);
      expect(await subjects()).toEqual([expect.stringMatching(/password/i)]);
      const quiet = await start({ SIGN_IN_NOTICES: 'off' });
      for (const headers of [firefox, edge]) await quiet.app.visitor(headers).login(ANN);
      expect(await sent(quiet.app, quiet.mailbox)).toEqual([]);
    });

    it('send at most five mails an hour to one address that strangers ask for, and count them', async () => {
      const { app, mailbox } = await start({ MAILS_PER_NETWORK: '1000' });
      app.clock.advance(HOUR);
      await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          app.visitor().post(index % 2 === 0 ? '/password/forgot' : '/email/verification', { email: ANN }),
        ),
      );
      expect(await sent(app, mailbox)).toHaveLength(5);
      expect(await typesAbout(app, null)).toContain('mail_limited');
      app.clock.advance(HOUR);
      await app.visitor().post('/password/forgot', { email: ANN });
      expect(await sent(app, mailbox)).toHaveLength(1);
    });

    it('accept a limited number of requests from one network', async () => {
      const { app } = await start({ MAILS_PER_NETWORK: '3' });
      const statuses: number[] = [];
      for (let count = 0; count < 5; count += 1) {
        const { status, headers, body } = await app
          .visitor()
          .post('/password/forgot', { email: `${count}@example.com` });
        statuses.push(status);
        if (status === 429) {
          expect(Number(headers.get('retry-after'))).toBeGreaterThan(3500);
          expect(body.code).toBe('too_many_mails');
        }
      }
      expect(statuses).toEqual([202, 202, 202, 429, 429]);
      expect(await typesAbout(app, null)).toContain('mail_limited');
    });

    it('write in the language of the request', async () => {
      const { app, mailbox } = await start();
      await app
        .visitor({ 'accept-language': 'fr, de-AT;q=0.9, en;q=0.8' })
        .post('/password/forgot', { email: ANN });
      const [mail] = await sent(app, mailbox);
      expect(mail).toMatchObject({ language: 'de', subject: expect.stringMatching(/Passwort/) });
    });

    it('can be called by code of the application', async () => {
      const { app, mailbox, id } = await start();
      const emails = app.nest.get(EmailService);
      await emails.requestVerification(ANN);
      await emails.verify(tokenIn((await sent(app, mailbox))[0]!));
      expect((await app.nest.get(UsersService).find(id))?.emailVerifiedAt).toEqual(app.clock.now());
      await expect(emails.verify('verify-no')).rejects.toMatchObject({ code: 'email_token_invalid' });
      await expect(emails.requestChange('nobody', LEE)).rejects.toMatchObject({ code: 'not_found' });
      await expect(emails.requestChange(id, 'no address')).rejects.toMatchObject({
        code: 'validation_failed',
      });
    });
  });
}

describe('Tokens of mails', () => {
  it('are of no other use', async () => {
    const mailbox = new MemoryMailer();
    const app = await TestApp.start(
      { DATABASE_URL: 'memory:', AUTH_TYPE: 'session_auth' },
      {},
      { mailer: mailbox },
    );
    cleanups.push(() => app.stop());
    await app.addUser(ANN);
    const { text } = await mailbox.waitFor(ANN);
    const token = tokenIn({ text } as never);
    for (const [path, body] of [
      ['/password/reset', { token, new_password: NEXT }],
      ['/email/confirm', { token }],
      ['/email/cancel', { token }],
    ] as const)
      expect(await app.visitor().post(path, body)).toMatchObject({ status: 400 });
    for (const prefix of ['reset', 'confirm', 'cancel'])
      expect(
        (
          await app.visitor().post(prefix === 'reset' ? '/password/reset' : `/email/${prefix}`, {
            token: token.replace('verify', prefix),
            new_password: NEXT,
          })
        ).status,
      ).toBe(400);
    expect((await app.visitor().post('/email/verify', { token })).status).toBe(200);
  });
});
