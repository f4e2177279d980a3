import { setTimeout as delay } from 'node:timers/promises';
import { type Client, connect } from './client.js';
import { PASSWORD, accessToken, register, request, signIn, signInByToken } from './people.js';
import { Server } from './processes.js';

const WAIT = 10_000;

/** How a socket was closed, and after how many milliseconds. */
async function ending(client: Client, since: number): Promise<{ how: string; after: number }> {
  const how = await Promise.race([client.closed, delay(WAIT, 'open')]);
  return { how, after: Math.round(performance.now() - since) };
}

/** Ends sessions in one process while another has their sockets. Prints one JSON text. */
async function main() {
  const here = await Server.start({});
  const there = await Server.start({});
  try {
    const [, , bobId, cidId] = await register(here.url, 'root', 'ann', 'bob', 'cid', 'dan');
    const root = await signIn(here.url, 'root');
    const socketOf = (cookie: string) => connect(here.url, '/closed', { headers: { cookie } });

    const bystander = await socketOf(await signIn(here.url, 'ann'));
    const ann = await signIn(there.url, 'ann');
    const [one, two] = [await socketOf(ann), await socketOf(ann)];
    const signedOutAt = performance.now();
    await request(there.url, 'DELETE', '/auth_session/logout', undefined, { cookie: ann });
    const signedOut = [await ending(one, signedOutAt), await ending(two, signedOutAt)];

    const inOneProcess = await signIn(here.url, 'ann');
    const near = await socketOf(inOneProcess);
    const endedHereAt = performance.now();
    await request(here.url, 'DELETE', '/auth_session/logout', undefined, { cookie: inOneProcess });
    const atOnce = await ending(near, endedHereAt);

    const bob = await socketOf(await signIn(here.url, 'bob'));
    const disabledAt = performance.now();
    const disabled = await request(
      there.url,
      'PATCH',
      `/users/${bobId}`,
      { disabled: true },
      { cookie: root },
    );
    const disabling = await ending(bob, disabledAt);

    const cidCookie = await signIn(here.url, 'cid');
    const issued = await accessToken(here.url, cidCookie, 'write');
    const machine = await connect(here.url, '/closed', {
      headers: { authorization: `Bearer ${issued.token}` },
    });
    const revokedAt = performance.now();
    await request(there.url, 'DELETE', `/sessions/${issued.id}`, undefined, { cookie: cidCookie });
    const revoked = await ending(machine, revokedAt);

    const promoted = await request(
      there.url,
      'PATCH',
      `/users/${cidId}`,
      { role: 'admin' },
      { cookie: root },
    );
    const adminCookie = await signIn(here.url, 'cid');
    const admin = await connect(here.url, '/admins', { headers: { cookie: adminCookie } });
    const demotedAt = performance.now();
    await request(there.url, 'PATCH', `/users/${cidId}`, { role: 'user' }, { cookie: root });
    const demoted = await ending(admin, demotedAt);

    // A confirmed password gives the session a new token.
    const dan = await signIn(here.url, 'dan');
    const living = await socketOf(dan);
    const proof = { password: PASSWORD };
    const renewed = await request(there.url, 'POST', '/sessions/current/reauthenticate', proof, {
      cookie: dan,
    });
    await delay(3 * Number(process.env.RECHECK));
    const afterRenewal = [living.isOpen ? 'open' : await living.closed, await living.say('who')];

    const bearer = await signInByToken(here.url, 'dan');
    const byToken = await connect(here.url, '/closed', { headers: { authorization: `Bearer ${bearer}` } });
    const changedAt = performance.now();
    const changed = await request(
      there.url,
      'PUT',
      '/users/me/password',
      { current_password: PASSWORD, new_password: 'other unrelated words 8' },
      { cookie: renewed.cookie },
    );
    const passwordChanged = [await ending(byToken, changedAt), await ending(living, changedAt)];

    console.log(
      JSON.stringify({
        signedOut,
        atOnce,
        disabled: disabled.status,
        disabling,
        revoked,
        promoted: promoted.status,
        demoted,
        renewed: renewed.status,
        afterRenewal,
        changed: changed.status,
        passwordChanged,
        bystander: [bystander.isOpen, await bystander.say('who')],
      }),
    );
  } finally {
    await Promise.all([here.stop(), there.stop()]);
  }
  process.exit(0);
}

void main();
