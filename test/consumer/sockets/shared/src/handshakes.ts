import { connect, LIBRARY, type Credential } from './client.js';
import { PASSWORD, accessToken, register, request, signIn, signInByToken } from './people.js';
import { Server } from './processes.js';

const GATEWAYS = ['/closed', '/open', '/optional', '/admins', '/room-1'];
const MESSAGES = ['who', 'session', 'role', 'fresh', 'open'];

/** Who may connect to which gateway with which credential, and which messages are answered. Prints one JSON text. */
async function main() {
  const server = await Server.start({ STORAGE: '{"database":"memory:"}' });
  try {
    const { url } = server;
    await register(url, 'root', 'ann');
    const [ann, root, ended] = [
      await signIn(url, 'ann'),
      await signIn(url, 'root'),
      await signIn(url, 'ann'),
    ];
    const bearer = await signInByToken(url, 'ann');
    await request(url, 'DELETE', '/auth_session/logout', undefined, { cookie: ended });
    const readOnly = await accessToken(url, ann, 'read');
    const basic = Buffer.from(`ann@example.com:${PASSWORD}`).toString('base64');
    const credentials: Record<string, Credential> = {
      anonymous: {},
      'ann without an origin': { headers: { cookie: ann } },
      'ann from the own origin': { headers: { cookie: ann, origin: url } },
      'ann from a foreign origin': { headers: { cookie: ann, origin: 'https://evil.example' } },
      'ann by bearer from a foreign origin': {
        headers: { authorization: `Bearer ${bearer}`, origin: 'https://evil.example' },
      },
      'ann by basic': { headers: { authorization: `Basic ${basic}` } },
      'ann by basic from a foreign origin': {
        headers: { authorization: `Basic ${basic}`, origin: 'https://evil.example' },
      },
      'ann cross-site': { headers: { cookie: ann, 'sec-fetch-site': 'cross-site' } },
      'ann by a read-only token': { headers: { authorization: `Bearer ${readOnly.token}` } },
      administrator: { headers: { cookie: root } },
      'a session that has ended': { headers: { cookie: ended } },
      'a token that nobody issued': { headers: { authorization: 'Bearer nobody' } },
      ...(LIBRARY === 'io' && {
        'ann by auth': { token: bearer },
        'auth that is no text': { token: { $gt: '' } },
        'auth of two lines': { token: `${bearer}\n` },
      }),
    };
    const table: Record<string, Record<string, string | Record<string, string>>> = {};
    for (const [name, credential] of Object.entries(credentials)) {
      const row: (typeof table)[string] = (table[name] = {});
      for (const path of GATEWAYS) {
        const client = await connect(url, path, credential);
        if (client.outcome !== 'open') {
          row[path] = client.outcome;
          continue;
        }
        const answers: Record<string, string> = { who: await client.say('who') };
        if (path === '/closed')
          for (const message of MESSAGES) answers[message] = await client.say(message, {});
        if (path === '/open') answers.role = await client.say('role');
        row[path] = answers;
        client.close();
      }
    }
    const fresh = await connect(url, '/closed', { headers: { cookie: ann } });
    const freshness = {
      red: await fresh.say('fresh', { colour: 'red' }),
      blue: await fresh.say('fresh', { colour: 'blue' }),
      list: await fresh.say('fresh', ['blue']),
    };
    const refused = await connect(url, '/closed');
    const stale = await connect(url, '/closed', { headers: { cookie: ended } });
    const own = await connect(url, '/own', { headers: { cookie: ann } });
    const beforeOwn = {
      anonymous: (await connect(url, '/own')).outcome,
      banned: (await connect(url, '/own?banned=1', { headers: { cookie: ann } })).outcome,
      ann: await own.say('who'),
    };
    const answerAt = async (path: string, credential?: Credential) => {
      const client = await connect(url, path, credential);
      return client.outcome === 'open' ? client.say('who') : client.outcome;
    };
    const namespaces = LIBRARY === 'io' && {
      '/': [
        (await connect(url, '/')).outcome,
        (await connect(url, '/', { headers: { cookie: ann } })).outcome,
      ],
      '/side': [await answerAt('/side'), await answerAt('/side', { headers: { cookie: ann } })],
      '/hall-1': [await answerAt('/hall-1')],
    };
    const many = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        connect(url, '/closed', index % 2 ? { headers: { cookie: ann } } : {}),
      ),
    );
    const counts = new Map<string, number>();
    for (const { outcome } of many) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    const told = (await request(url, 'GET', '/counts')).body;
    console.log(
      JSON.stringify({
        table,
        freshness,
        beforeOwn,
        namespaces,
        many: Object.fromEntries(counts),
        told,
        refused: { problem: refused.problem, headers: refused.headers },
        stale: { problem: stale.problem, headers: stale.headers },
      }),
    );
  } finally {
    await server.stop();
  }
  process.exit(0);
}

void main();
