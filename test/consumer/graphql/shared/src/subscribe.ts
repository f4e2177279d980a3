/** Sends operations over WebSockets, each over its own, and prints what comes back for each. */
import { type ExecutionResult, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

interface Attempt {
  readonly query: string;
  readonly headers: Record<string, string>;
  readonly connectionParams?: Record<string, string>;
}

const [url = '', attempts = '[]'] = process.argv.slice(2);

function send({ query, headers, connectionParams }: Attempt): Promise<unknown[]> {
  class Socket extends WebSocket {
    constructor(address: string, protocols: string) {
      super(address, protocols, { headers });
    }
  }
  const client = createClient({ url, webSocketImpl: Socket, connectionParams, retryAttempts: 0 });
  const got: unknown[] = [];
  const next = ({ data, errors }: Pick<ExecutionResult, 'data' | 'errors'>) => got.push(errors ?? data);
  return new Promise<unknown[]>((resolve) => {
    const ended = (error?: unknown) => {
      if (error) got.push(error);
      resolve(got);
    };
    client.subscribe({ query }, { next, error: ended, complete: ended });
  }).finally(() => client.dispose());
}

void Promise.all((JSON.parse(attempts) as Attempt[]).map(send)).then((results) =>
  process.stdout.write(JSON.stringify(results)),
);
