import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { ThrottleStore } from 'coatcheck';
import { PASSWORD, TestApp, type Visitor } from './support/app.js';
import { codeOf, factorsModule, setUpTotp } from './support/factors.js';
import { describeWithPostgres, newSchema } from './support/services.js';

const ANN = 'ann@example.com';
const SECOND_STEP = '/auth_session/second_step';
const WRONG = { status: 403, body: { code: 'factor_invalid' } };
const QUARTER = 15 * 60_000;
const HOME = '192.0.2.7';

/** One address of each of 50 networks of attackers, who have the password. */
const ATTACKERS = Array.from({ length: 50 }, (_, index) => `10.0.${index}.1`);

/** Failures of unknown clients that count, as `docs/guessing.md` says, and those that drain in the half day of the attack. */
const MOST = 50 + 1;

describeWithPostgres('Codes that 50 networks guess on two servers with one PostgreSQL', () => {
  let apps: TestApp[] = [];
  let drop: () => Promise<void>;
  let secret: string;
  let owner: Visitor;
  let turn = 0;

  beforeEach(async () => {
    const schema = await newSchema();
    drop = schema.drop;
    const settings = {
      AUTH_TYPE: 'session_db_auth',
      MFA: 'off',
      TRUST_PROXY: '1',
      STORE_TIMEOUT: '20s',
      DATABASE_URL: schema.url,
      SESSION_STORE_URL: schema.url,
    };
    apps = [];
    for (let server = 0; server < 2; server += 1)
      apps.push(await TestApp.start(settings, { imports: [factorsModule()] }));
    await apps[0]!.addUser(ANN);
    owner = apps[0]!.visitor({ 'x-forwarded-for': HOME });
    await owner.login(ANN);
    ({ secret } = await setUpTotp(apps[0]!, owner));
    wait(30_000);
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    for (const app of apps) await app.stop();
    await drop();
  });

  const wait = (ms: number) => apps.forEach(({ clock }) => clock.advance(ms));

  /** A client that has given the password, on one of the servers. */
  const pending = async (ip: string, cookie: string | null = null): Promise<Visitor> => {
    const visitor = apps[(turn += 1) % apps.length]!.visitor({ 'x-forwarded-for': ip });
    visitor.cookie = cookie;
    expect(await visitor.login(ANN, PASSWORD)).toMatchObject({
      status: 403,
      body: { code: 'second_factor_required' },
    });
    return visitor;
  };

  const finish = async (ip: string, cookie: string | null = null) =>
    (await pending(ip, cookie)).post(SECOND_STEP, { code: codeOf(apps[0]!, secret) });

  it('count no more than the limit of the account, and the owner gets in', async () => {
    // A sign-in with a code makes a network known.
    expect((await finish(HOME)).status).toBe(200);
    wait(30_000);
    let counted = 0;
    for (const app of apps) {
      const store = app.nest.get(ThrottleStore);
      const record = store.recordGuess.bind(store);
      jest.spyOn(store, 'recordGuess').mockImplementation(async (guess, now) => {
        const counts = await record(guess, now);
        if (counts && !guess.isRight) counted += 1;
        return counts;
      });
    }
    const guess = async (networks: readonly string[], times: number) => {
      const attackers = await Promise.all(networks.map((ip) => pending(ip)));
      const right = new Set([-1, 0, 1].map((step) => codeOf(apps[0]!, secret, step)));
      const guesses = ['111111', '222222', '333333', '444444', '555555', '666666', '777777'];
      const wrong = guesses.filter((code) => !right.has(code)).slice(0, times);
      const all = attackers.flatMap((one) => wrong.map((code) => one.post(SECOND_STEP, { code })));
      for (const answer of await Promise.all(all)) expect(answer).toMatchObject(WRONG);
    };

    await guess(ATTACKERS, 4);
    expect(counted).toBe(5);
    for (let round = 0; round < 55; round += 1) {
      wait(QUARTER);
      await guess(
        [0, 1, 2, 3].map((one) => ATTACKERS[(4 * round + one) % ATTACKERS.length]!),
        1,
      );
    }
    expect(counted).toBeGreaterThan(MOST - 5);
    expect(counted).toBeLessThanOrEqual(MOST);

    wait(QUARTER);
    expect(await finish(ATTACKERS[0]!)).toMatchObject(WRONG);
    expect(await finish('198.51.100.1')).toMatchObject(WRONG);
    expect((await finish('198.51.100.1', owner.cookie)).status).toBe(200);
    wait(30_000);
    expect((await finish(HOME)).status).toBe(200);
  });
});
