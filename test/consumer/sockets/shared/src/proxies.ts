import { connect } from './client.js';
import { register, request, signIn } from './people.js';
import { Server } from './processes.js';

/** What a proxy on this machine adds to the requests of a client. */
const FORWARDED = {
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-host': 'app.example.com',
  'x-forwarded-proto': 'https',
};

/** What a handshake through a proxy says of the client. */
async function seenBehind(proxy: string) {
  const server = await Server.start({ STORAGE: '{"database":"memory:"}', PROXY: proxy });
  try {
    // The first request of all is a handshake.
    const basic = { ...FORWARDED, authorization: `Basic ${btoa('nobody@example.com:wrong')}` };
    const stranger = await connect(server.url, '/closed', { headers: basic });
    await register(server.url, 'root');
    const cookie = await signIn(server.url, 'root');
    const { body } = await request(server.url, 'GET', '/audit?type=sign_in_failed', undefined, { cookie });
    const [event] = body as unknown as [Record<string, unknown>];
    const from = async (origin: string) =>
      (await connect(server.url, '/closed', { headers: { ...FORWARDED, cookie, origin } })).outcome;
    return {
      stranger: stranger.outcome,
      ip: event.ip,
      via: event.via,
      'https://app.example.com': await from('https://app.example.com'),
      'http://app.example.com': await from('http://app.example.com'),
      itself: await from(server.url),
    };
  } finally {
    await server.stop();
  }
}

/** Handshakes through a proxy that the application trusts, and one that it does not. Prints one JSON text. */
async function main() {
  const seen = { trusted: await seenBehind('127.0.0.1'), foreign: await seenBehind('10.9.9.9') };
  console.log(JSON.stringify(seen));
  process.exit(0);
}

void main();
