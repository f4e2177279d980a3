import { connect } from './client.js';
import { register, request, signIn } from './people.js';
import { Server } from './processes.js';

/** Plays the example of the documents. Prints one JSON text. */
async function main() {
  const server = await Server.start({}, 'example.js', `http://127.0.0.1:${process.env.PORT}`);
  try {
    await register(server.url, 'ann');
    const cookie = await signIn(server.url, 'ann');
    const ann = await connect(server.url, '/coats', { headers: { cookie } });
    const mine = await ann.say('mine');
    const all = await ann.say('all');
    const anybody = await connect(server.url, '/weather');
    const weather = await anybody.say('now');
    await request(server.url, 'DELETE', '/auth_session/logout', undefined, { cookie });
    console.log(
      JSON.stringify({
        stranger: (await connect(server.url, '/coats')).outcome,
        mine: JSON.parse(mine),
        all: JSON.parse(all),
        weather,
        closed: await ann.closed,
      }),
    );
  } finally {
    await server.stop();
  }
  process.exit(0);
}

void main();
