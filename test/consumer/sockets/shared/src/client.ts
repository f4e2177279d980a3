import { io } from 'socket.io-client';
import WebSocket from 'ws';

export const LIBRARY = process.env.LIBRARY === 'io' ? 'io' : 'ws';

export interface Credential {
  readonly headers?: Record<string, string>;
  /** The token in `auth` of `socket.io`. */
  readonly token?: unknown;
}

/** What a client of either library sees. */
export interface Client {
  /** 'open', or why the server refused: status and code. */
  readonly outcome: string;
  /** The problem of a refused handshake, and its headers with `ws`. */
  readonly problem: Record<string, unknown> | null;
  readonly headers: Record<string, unknown>;
  /** Sends a message and returns the next thing that arrives: the data of the answer, the code of an exception or the end. */
  say(event: string, data?: unknown): Promise<string>;
  /** Resolves when the server closes the socket, with the reason. */
  readonly closed: Promise<string>;
  readonly isOpen: boolean;
  close(): void;
}

export function connect(url: string, path: string, credential: Credential = {}): Promise<Client> {
  return LIBRARY === 'io' ? connectIo(url, path, credential) : connectWs(url, path, credential);
}

class Inbox {
  readonly #waiting: ((text: string) => void)[] = [];

  arrive(text: string): void {
    this.#waiting.shift()?.(text);
  }

  next(): Promise<string> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

interface Problem {
  readonly code?: string;
  readonly message?: string;
}

const textOf = (data: unknown) => (typeof data === 'string' ? data : JSON.stringify(data));
const codeOf = (data: Problem) => `refused: ${data.code ?? data.message}`;

function connectWs(url: string, path: string, { headers = {} }: Credential): Promise<Client> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url.replace('http', 'ws') + path, { headers });
    const inbox = new Inbox();
    const refused = (outcome: string, problem: Client['problem'], answered: Client['headers']) =>
      resolve({
        outcome,
        problem,
        headers: answered,
        say: async () => 'closed',
        closed: Promise.resolve('never open'),
        isOpen: false,
        close: () => {},
      });
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        const problem = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : null;
        refused(
          `${response.statusCode} ${(problem?.code as string | undefined) ?? text}`,
          problem,
          response.headers,
        );
      });
    });
    socket.on('error', (error) => refused(`error: ${error.message}`, null, {}));
    socket.on('message', (bytes: Buffer) => {
      const { event, data } = JSON.parse(bytes.toString()) as { event: string; data: unknown };
      inbox.arrive(event === 'exception' ? codeOf(data as Problem) : textOf(data));
    });
    socket.on('open', () =>
      resolve({
        outcome: 'open',
        problem: null,
        headers: {},
        say: (event, data) => {
          const next = inbox.next();
          socket.send(JSON.stringify({ event, data }));
          return next;
        },
        closed: new Promise((ended) =>
          socket.on('close', (code, reason) => {
            ended(`${code} ${reason.toString()}`);
            inbox.arrive('closed');
          }),
        ),
        get isOpen() {
          return socket.readyState === WebSocket.OPEN;
        },
        close: () => socket.terminate(),
      }),
    );
  });
}

function connectIo(url: string, path: string, { headers = {}, token }: Credential): Promise<Client> {
  return new Promise((resolve) => {
    const [namespace, search = ''] = path.split('?', 2);
    const socket = io(url + namespace, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      extraHeaders: headers,
      query: Object.fromEntries(new URLSearchParams(search)),
      ...(token !== undefined && { auth: { token } }),
    });
    const inbox = new Inbox();
    socket.on('connect_error', (error: Error & { data?: { status?: number; code?: string } }) => {
      resolve({
        outcome: error.data ? `${error.data.status} ${error.data.code}` : `error: ${error.message}`,
        problem: error.data ?? null,
        headers: {},
        say: async () => 'closed',
        closed: Promise.resolve('never open'),
        isOpen: false,
        close: () => {},
      });
      socket.close();
    });
    let last = '';
    socket.on('exception', (problem: Problem) => {
      last = problem.code ?? String(problem.message);
      inbox.arrive(codeOf(problem));
    });
    socket.on('answer', (data: unknown) => inbox.arrive(textOf(data)));
    socket.on('connect', () =>
      resolve({
        outcome: 'open',
        problem: null,
        headers: {},
        say: (event, data) => {
          const next = inbox.next();
          socket.emit(event, data);
          return next;
        },
        closed: new Promise((ended) =>
          socket.on('disconnect', (reason) => {
            ended(`${reason} ${last}`);
            inbox.arrive('closed');
          }),
        ),
        get isOpen() {
          return socket.connected;
        },
        close: () => socket.close(),
      }),
    );
  });
}
