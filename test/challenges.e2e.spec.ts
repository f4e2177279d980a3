import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SessionsService } from 'coatcheck';
import { TestApp, basic } from './support/app.js';
import { Wire, requestOf } from './support/wire.js';

const CHALLENGES = {
  session_db_auth: 'Session realm="coatcheck"',
  token_auth: 'Bearer realm="coatcheck"',
  basic_auth: 'Basic realm="coatcheck", charset="UTF-8"',
};
type Strategy = keyof typeof CHALLENGES;
const INVALID_TOKEN = `${CHALLENGES.token_auth}, error="invalid_token"`;

describe.each<readonly Strategy[][]>([
  [['session_db_auth', 'token_auth', 'basic_auth']],
  [['basic_auth', 'token_auth', 'session_db_auth']],
  [['session_db_auth']],
  [['token_auth']],
  [['basic_auth']],
])('The challenge of a 401 under %j', (types) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start({ AUTH_TYPE: types.join(',') });
    await app.addUser('ann@example.com');
  });

  afterAll(() => app.stop());

  const all = types.map((type) => CHALLENGES[type]).join(', ');
  const allWithInvalidToken = types
    .map((type) => (type === 'token_auth' ? INVALID_TOKEN : CHALLENGES[type]))
    .join(', ');

  async function challengeOf(headers: Record<string, string>, method = 'GET', path = '/users/me') {
    const answer = await app.visitor(headers).send(method, path);
    expect(answer.status).toBe(401);
    return answer.headers.get('www-authenticate');
  }

  it.each(['/users/me', '/nowhere', '/unauthorized'])(
    'lists every strategy where nothing was presented: %s',
    async (path) => {
      expect(await challengeOf({}, 'GET', path)).toBe(all);
      expect(await challengeOf({ authorization: 'Digest x' }, 'GET', path)).toBe(all);
    },
  );

  it('has one line for each', async () => {
    const wire = new Wire(app.root);
    const [answer] = await wire.askOnce(requestOf('GET', '/api/v1/users/me', [['Connection', 'close']]));
    expect(answer!.headers.get('www-authenticate')).toBe(CHALLENGES[types.at(-1)!]);
  });

  it.each<[type: Strategy, headers: Record<string, string>]>([
    ['session_db_auth', { cookie: 'sid=x' }],
    ['token_auth', { authorization: 'Bearer x' }],
    ['token_auth', { authorization: 'Bearer' }],
    ['basic_auth', basic('ann@example.com', 'wrong')],
    ['basic_auth', { authorization: 'Basic !' }],
  ])('lists every strategy, and says that a bearer token is invalid: %s by %j', async (type, headers) => {
    const expected = type === 'token_auth' ? allWithInvalidToken : all;
    for (const path of ['/users/me', '/nowhere'])
      expect(await challengeOf(headers, 'GET', path)).toBe(expected);
    expect(await challengeOf(headers, 'DELETE', '/sessions')).toBe(expected);
  });

  if (types.includes('token_auth'))
    it('names the error of a token that was valid', async () => {
      const visitor = app.visitor();
      await visitor.login('ann@example.com', undefined, { transport: 'bearer' });
      const { body } = await visitor.get('/sessions/current');
      await app.nest.get(SessionsService).end(body.session.id, 'ended_by_admin');
      expect(await challengeOf({ authorization: `Bearer ${visitor.bearer}` })).toBe(allWithInvalidToken);
    });

  if (types.length > 1)
    it('says so only if the bearer token decides', async () => {
      const headers = { cookie: 'sid=x', authorization: 'Bearer x' };
      const first = types.find((type) => type !== 'basic_auth');
      expect(await challengeOf(headers)).toBe(first === 'token_auth' ? allWithInvalidToken : all);
    });
});
