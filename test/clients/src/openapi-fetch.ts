import createClient from 'openapi-fetch';
import type { components, paths } from '../generated/openapi-typescript.js';
import { codeOf, expect, finish, newBrowser, server, strangePasskey } from './server.js';

type Problem = components['schemas']['Problem'];

const baseUrl = server.base;
const admin = createClient<paths>({ baseUrl, fetch: newBrowser() });
const ann = createClient<paths>({ baseUrl, fetch: newBrowser() });

/** The body of a successful answer. */
async function ok<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer;
  expect(data !== undefined, `success, not ${response.status} ${JSON.stringify(error)}`);
  return data;
}

/** The refusal of one that is not. */
async function refused(answer: Promise<{ error?: Problem }>): Promise<Problem> {
  const { error } = await answer;
  expect(error, 'a problem');
  return error;
}

expect((await ok(admin.GET('/status'))).status === 'OK', 'a server that answers');
await ok(admin.GET('/health/live'));
await ok(admin.GET('/health/ready'));

const rules = await ok(admin.GET('/registration'));
expect(rules.password_min_length === 15 && rules.transports.includes('bearer'), 'the rules of this server');

const { code, errors } = await refused(
  admin.POST('/auth_session/login', { body: { email: '', password: '' } }),
);
expect(code === 'validation_failed' && errors?.[0]?.pointer === '/email', 'the faults of the fields');
const root = await ok(
  admin.POST('/auth_session/login', { body: { email: server.email, password: server.password } }),
);
const role: string = root.role;
expect(role === 'admin', 'the administrator');

const email = `ann-${process.pid}@example.com`;
const password = 'a long password of hers';
const created = await ok(
  admin.POST('/users', { body: { email, password, first_name: 'Ann', last_name: null } }),
);
const users = await admin.GET('/users', { params: { query: { limit: 1 } } });
expect(users.response.headers.get('Next-Cursor'), 'a second page');
const found = await ok(
  admin.GET('/users', {
    params: { query: { email: 'ANN-', name: 'ann', disabled: false, sort: '-created' } },
  }),
);
expect(found[0]?.id === created.id, 'the new user by a search');
const ids: string[] = [];
for (let cursor: string | undefined, isLast = false; !isLast; isLast = cursor === undefined) {
  const page = await admin.GET('/users', { params: { query: { role: 'user', limit: 1, cursor } } });
  ids.push(...(page.data ?? []).map(({ id }) => id));
  cursor = page.response.headers.get('Next-Cursor') ?? undefined;
}
expect(ids.includes(created.id) && new Set(ids).size === ids.length, 'the new user on one of the pages');
const params = { path: { id: created.id } };
expect((await ok(admin.GET('/users/{id}', { params }))).email === email, 'the new user');
await ok(admin.PUT('/users/{id}', { params, body: { last_name: 'Ley' } }));
await ok(admin.PATCH('/users/{id}', { params, body: { last_name: 'Lee' } }));
expect((await ok(admin.GET('/stats'))).users >= 2, 'two users');

await ok(ann.POST('/auth_session/login', { body: { email, password, remember: true } }));
const me = await ok(ann.GET('/users/me'));
const names: (string | null)[] = [me.first_name, me.last_name];
expect(names.join(' ') === 'Ann Lee', 'the changed name');
const { session } = await ok(ann.GET('/sessions/current'));
const idleEnd: string | null = session.idle_expires_at;
expect(session.kind === 'remembered' && idleEnd !== null, 'a remembered session');
await ok(ann.PATCH('/sessions/{id}', { params: { path: { id: session.id } }, body: { label: 'My phone' } }));
const renewed = await ok(ann.POST('/sessions/current/reauthenticate', { body: { password } }));
expect(renewed.device.os === null || typeof renewed.device.os === 'string', 'a device');
const token = await ok(
  ann.POST('/access_tokens', {
    body: { label: 'backup', scope: 'read', expires_at: new Date(Date.now() + 86_400_000).toISOString() },
  }),
);
expect(token.token, 'the access token, this once');
const tokens = await ok(ann.GET('/sessions', { params: { query: { kind: 'access_token' } } }));
expect(tokens[0]?.label === 'backup', 'the access token in the list');
await ok(ann.DELETE('/sessions/{id}', { params: { path: { id: token.id } } }));
await ok(
  ann.PUT('/users/me/password', { body: { current_password: password, new_password: `${password}!` } }),
);
expect((await ok(ann.DELETE('/sessions'))).ended === 0, 'no other session');

await ok(ann.PUT('/users/me', { body: { first_name: null } }));
expect((await ok(ann.PATCH('/users/me', { body: { last_name: null } }))).first_name === null, 'no name');

const phone = createClient<paths>({ baseUrl, fetch: newBrowser() });
await ok(
  phone.POST('/auth_session/login', { body: { email, password: `${password}!`, transport: 'cookie' } }),
);
const [first] = await ok(admin.GET('/users/{id}/sessions', { params }));
expect(first, 'sessions of the user');
await ok(
  admin.DELETE('/users/{id}/sessions/{session}', { params: { path: { id: me.id, session: first.id } } }),
);
expect((await ok(admin.DELETE('/users/{id}/sessions', { params }))).ended === 1, 'the other session');
const ended = await refused(ann.GET('/users/me'));
expect(ended.code === 'session_ended_by_admin' && ended.ended_at, 'why and when the session ended');

const types = ['session_ended' as const, 'sign_in' as const];
const events = await ok(admin.GET('/audit', { params: { query: { user: me.id, type: types } } }));
const reason: string | undefined = events[0]?.details.reason;
expect(reason === 'ended_by_admin', 'the event of it');
const csv = await ok(admin.GET('/audit/export', { params: { query: { user: me.id } }, parseAs: 'text' }));
expect(csv.startsWith('id,at,'), 'the export');
expect(((await ok(admin.GET('/stats/live'))).sessions ?? 0) > 0, 'a live session');
const [from, to] = [-3_600_000, 60_000].map((ms) => new Date(Date.now() + ms).toISOString()) as [
  string,
  string,
];
const activity = await ok(admin.GET('/stats/activity', { params: { query: { from, to, type: types } } }));
expect(activity.length === 2, 'both hours');
const reset = await ok(admin.POST('/users/{id}/password_reset', { params, body: { revoke: true } }));
const unknown = await refused(
  ann.POST('/password/reset', { body: { token: 'none', new_password: 'a password of hers, the third' } }),
);
expect(unknown.code === 'reset_token_invalid', 'that the token is unknown');
await ok(
  ann.POST('/password/reset', {
    body: { token: reset.token, new_password: 'a password of hers, the third' },
  }),
);

const credentials = { email, password: 'a password of hers, the third' };
await ok(ann.POST('/auth_session/login', { body: credentials }));
expect((await ok(ann.GET('/factors'))).totp === null, 'no second factor');
const passkey = { name: 'My laptop', credential: strangePasskey };
const { options } = await ok(ann.POST('/factors/passkey_options'));
expect(typeof options['challenge'] === 'string', 'a challenge for the new passkey');
const invalid = await refused(ann.POST('/factors/passkeys', { body: passkey }));
expect(invalid.code === 'factor_invalid', 'that the passkey is not valid');
const { secret } = await ok(ann.POST('/factors/totp'));
const enrolled = await ok(ann.POST('/factors/totp/confirm', { body: { code: codeOf(secret) } }));
expect(enrolled.recovery_codes?.length === 10, 'the recovery codes');
await ok(ann.POST('/factors/confirm', { body: { recovery_code: enrolled.recovery_codes[0] } }));
const codes: string[] = (await ok(ann.POST('/factors/recovery_codes'))).recovery_codes;
expect(!codes.includes(enrolled.recovery_codes[1]!), 'other recovery codes');
const unknownPasskey = { params: { path: { id: strangePasskey.id } } };
for (const { code: reason } of [
  await refused(ann.POST('/factors/confirm/options')),
  await refused(ann.PATCH('/factors/passkeys/{id}', { ...unknownPasskey, body: { name: 'My laptop' } })),
  await refused(ann.DELETE('/factors/passkeys/{id}', unknownPasskey)),
])
  expect(reason === 'not_found', `no passkey, not ${reason}`);

const half = await refused(phone.POST('/auth_session/login', { body: credentials }));
expect(half.code === 'second_factor_required' && half.factors?.includes('totp'), 'a second step');
const step = await ok(phone.GET('/auth_session/second_step'));
expect(step.factors.join() === 'totp,recovery_code', 'the factors of the second step');
const none = await refused(phone.POST('/auth_session/second_step/options'));
expect(none.code === 'not_found', 'no passkey for the second step');
for (const { code: reason } of [
  await refused(phone.POST('/auth_session/second_step/totp')),
  await refused(phone.POST('/auth_session/second_step/totp/confirm', { body: { code: codeOf(secret, 1) } })),
  await refused(phone.POST('/auth_session/second_step/passkey_options')),
  await refused(phone.POST('/auth_session/second_step/passkeys', { body: passkey })),
])
  expect(reason === 'session_not_fresh', `the factor before another one, not ${reason}`);
const back = await ok(phone.POST('/auth_session/second_step', { body: { code: codeOf(secret, 1) } }));
expect(back.id === me.id, 'the user after the second step');
await ok(phone.POST('/auth_session/passkey/options', { body: { transport: 'cookie' } }));
const stranger = await refused(phone.POST('/auth_session/passkey', { body: { credential: strangePasskey } }));
expect(stranger.code === 'factor_invalid', 'that nobody has this passkey');
const factors = await ok(admin.GET('/users/{id}/factors', { params }));
expect(factors.totp && factors.recovery_codes?.left === 10, 'the factors of the user');
await ok(admin.DELETE('/users/{id}/factors', { params }));
expect((await refused(ann.DELETE('/factors/totp'))).code === 'not_found', 'no factor');

await ok(ann.DELETE('/users/me'));
const other = { email: `other-${email}`, password };
const { id } = await ok(admin.POST('/users', { body: other }));
await ok(admin.DELETE('/users/{id}', { params: { path: { id } } }));
const gone = await refused(admin.GET('/users/{id}', { params }));
expect(gone.status === 404, 'that the user is gone');
await ok(admin.DELETE('/auth_session/logout'));
finish();
