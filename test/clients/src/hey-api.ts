import { client } from '../generated/hey-api/client.gen.js';
import * as api from '../generated/hey-api/sdk.gen.js';
import type { Problem } from '../generated/hey-api/types.gen.js';
import { codeOf, expect, finish, newBrowser, server, strangePasskey } from './server.js';

client.setConfig({ baseUrl: server.base });
const admin = { fetch: newBrowser() };
const ann = { fetch: newBrowser() };
const phone = { fetch: newBrowser() };

/** The body of a successful answer. */
async function ok<T>(answer: Promise<{ data: T | undefined; error?: unknown }>): Promise<T> {
  const { data, error } = await answer;
  expect(data !== undefined, `success, not ${JSON.stringify(error)}`);
  return data;
}

/** The refusal of one that is not. */
async function refused(answer: Promise<{ error?: Problem | undefined }>): Promise<Problem> {
  const { error } = await answer;
  expect(error, 'a problem');
  return error;
}

expect((await ok(api.getStatus(admin))).status === 'OK', 'a server that answers');
await ok(api.getLiveness(admin));
await ok(api.getReadiness(admin));

expect((await ok(api.getRegistration(admin))).mode === 'first', 'the rules of this server');

const wrong = await refused(
  api.signIn({ ...admin, body: { email: server.email, password: 'not the password' } }),
);
expect(wrong.code === 'credentials_invalid', 'that the password is wrong');
const root = await ok(api.signIn({ ...admin, body: { email: server.email, password: server.password } }));
expect(root.role === 'admin', 'the administrator');

const email = `ben-${process.pid}@example.com`;
const password = 'a long password of his';
const { id } = await ok(api.createUser({ ...admin, body: { email, password, first_name: 'Ben' } }));
const path = { id };
const page = await ok(api.listUsers({ ...admin, query: { limit: 100 } }));
expect(
  page.some((user) => user.id === id),
  'the new user in the list',
);
expect((await ok(api.getUser({ ...admin, path }))).last_name === null, 'no last name');
await ok(api.updateUser({ ...admin, path, body: { last_name: 'Kin' } }));
await ok(api.patchUser({ ...admin, path, body: { last_name: 'Kim' } }));
expect((await ok(api.getStats(admin))).users >= 2, 'two users');

await ok(api.signIn({ ...ann, body: { email, password } }));
expect((await ok(api.getCurrentUser(ann))).last_name === 'Kim', 'the changed name');
await ok(api.updateCurrentUser({ ...ann, body: { first_name: null } }));
const named = await ok(api.patchCurrentUser({ ...ann, body: { first_name: 'Ben' } }));
expect(named.first_name === 'Ben', 'the name');
const { session } = await ok(api.getCurrentSession(ann));
await ok(api.renameSession({ ...ann, path: { id: session.id }, body: { label: null } }));
await ok(api.reauthenticate({ ...ann, body: { password } }));
const expires_at = new Date(Date.now() + 86_400_000).toISOString();
const token = await ok(
  api.createAccessToken({ ...ann, body: { label: 'sync', scope: 'write', expires_at } }),
);
expect(token.transport === 'bearer' && token.token, 'the access token, this once');
expect((await ok(api.listSessions({ ...ann, query: { limit: 5 } }))).length === 2, 'both sessions');
await ok(api.endSession({ ...ann, path: { id: token.id } }));
await ok(
  api.changePassword({ ...ann, body: { current_password: null, new_password: 'another long password' } }),
);
await ok(api.endSessions({ ...ann, query: { scope: 'others' } }));

const [first] = await ok(api.listUserSessions({ ...admin, path }));
expect(first, 'a session of the user');
await ok(api.endUserSession({ ...admin, path: { id, session: first.id } }));
expect((await ok(api.endUserSessions({ ...admin, path }))).ended === 0, 'that none is left');
expect((await refused(api.getCurrentUser(ann))).code === 'session_ended_by_admin', 'why the session ended');
const [event] = await ok(api.listAuditEvents({ ...admin, query: { user: id, type: ['password_changed'] } }));
expect(event?.actor_id === id, 'the event of the change');
const csv = await ok(api.exportAuditEvents({ ...admin, query: { user: id, type: ['password_changed'] } }));
expect(csv.includes(`,password_changed,,,${id},`), 'the event in the export');
const span = {
  from: new Date(Date.now() - 3_600_000).toISOString(),
  to: new Date(Date.now() + 60_000).toISOString(),
};
const activity = await ok(
  api.getActivity({ ...admin, query: { ...span, step: '1d', type: ['password_changed'] } }),
);
expect((activity[0]?.counts[0]?.count ?? 0) > 0, 'the event in the counts');
expect(((await ok(api.getLive(admin))).sessions ?? 0) > 0, 'a live session');
const reset = await ok(api.issuePasswordReset({ ...admin, path }));
const new_password = 'a password of his, the third';
await ok(api.resetPassword({ ...ann, body: { token: reset.token, new_password } }));
const used = await refused(api.resetPassword({ ...ann, body: { token: reset.token, new_password } }));
expect(used.code === 'reset_token_invalid', 'that the token was used');

const credentials = { email, password: new_password };
await ok(api.signIn({ ...ann, body: credentials }));
const { secret } = await ok(api.beginTotp(ann));
const { recovery_codes } = await ok(api.confirmTotp({ ...ann, body: { code: codeOf(secret) } }));
expect(recovery_codes, 'the recovery codes');
await ok(api.confirmFactor({ ...ann, body: { code: codeOf(secret, 1) } }));
const { recovery_codes: codes } = await ok(api.renewRecoveryCodes(ann));
const passkey = { name: 'My phone', credential: strangePasskey };
const { options } = await ok(api.beginPasskey(ann));
expect(options['challenge'], 'a challenge for the new passkey');
const invalid = await refused(api.addPasskey({ ...ann, body: passkey }));
expect(invalid.code === 'factor_invalid', 'that the passkey is not valid');
const unknown = { ...ann, path: { id: strangePasskey.id } };
for (const { code } of [
  await refused(api.beginConfirmation(ann)),
  await refused(api.renamePasskey({ ...unknown, body: { name: 'My phone' } })),
  await refused(api.removePasskey(unknown)),
])
  expect(code === 'not_found', `no passkey, not ${code}`);

const half = await refused(api.signIn({ ...phone, body: credentials }));
expect(half.code === 'second_factor_required', 'a second step');
const step = await ok(api.getSecondStep(phone));
expect(step.factors.includes('recovery_code'), 'the factors of the second step');
const none = await refused(api.beginPasskeyStep(phone));
expect(none.code === 'not_found', 'no passkey for the second step');
for (const { code } of [
  await refused(api.beginRequiredTotp(phone)),
  await refused(api.confirmRequiredTotp({ ...phone, body: { code: '492039' } })),
  await refused(api.beginRequiredPasskey(phone)),
  await refused(api.addRequiredPasskey({ ...phone, body: passkey })),
])
  expect(code === 'session_not_fresh', `the factor before another one, not ${code}`);
const old = await refused(api.finishSignIn({ ...phone, body: { recovery_code: recovery_codes[0] } }));
expect(old.code === 'factor_invalid', 'that the first recovery codes are invalid');
const back = await ok(api.finishSignIn({ ...phone, body: { recovery_code: codes[0] } }));
expect(back.id === id, 'the user after the second step');
expect((await ok(api.listFactors(phone))).recovery_codes?.left === 9, 'one recovery code less');
await ok(api.beginPasskeySignIn(phone));
const stranger = await refused(api.signInWithPasskey({ ...phone, body: { credential: strangePasskey } }));
expect(stranger.code === 'factor_invalid', 'that nobody has this passkey');
await ok(api.removeTotp(phone));
expect((await ok(api.listUserFactors({ ...admin, path }))).totp === null, 'no factor of the user');
await ok(api.resetUserFactors({ ...admin, path }));

await ok(api.deleteCurrentUser(ann));
const other = await ok(api.createUser({ ...admin, body: { email: `other-${email}`, password } }));
await ok(api.deleteUser({ ...admin, path: { id: other.id } }));
await ok(api.signOut(admin));
finish();
