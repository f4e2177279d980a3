/** Ends a session while a subscription of its user runs, and prints the outcome of each event. */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const [url = '', cookie = ''] = process.argv.slice(2);

class Socket extends WebSocket {
  constructor(address: string, protocols: string) {
    super(address, protocols, { headers: { cookie } });
  }
}

const client = createClient({
  url: `${url.replace('http', 'ws')}/graphql`,
  webSocketImpl: Socket,
  retryAttempts: 0,
});
const seen: string[] = [];

async function signOut(): Promise<void> {
  await fetch(`${url}/auth_session/logout`, { method: 'DELETE', headers: { cookie } });
  seen.length = 0;
}

function print(): void {
  process.stdout.write(JSON.stringify(seen), () => process.exit());
}

let count = 0;
client.subscribe(
  { query: 'subscription { arrivals { id owner } }' },
  {
    next({ data, errors }) {
      seen.push(errors ? String(errors[0]?.extensions?.['code']) : JSON.stringify(data));
      count += 1;
      if (count === 3) void signOut();
      if (count === 20) print();
    },
    error: print,
    complete: print,
  },
);
