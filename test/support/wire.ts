import { type Socket, connect } from 'node:net';

/** What came back on the wire, taken apart no further than it has to be. */
export interface WireAnswer {
  readonly status: number;
  /** By names in lower case; of several of a name the last. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A client that sends bytes as they are, which no library does: it neither tidies up paths nor adds headers. */
export class Wire {
  #socket: Socket | null = null;
  readonly #host: string;
  readonly #port: number;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#host = hostname;
    this.#port = Number(port);
  }

  /** The answer to one request, over a connection that stays open while both sides like; null where there is none. */
  async ask(request: Buffer, method: string): Promise<WireAnswer | null> {
    const kept = this.#socket?.writable ? this.#socket : null;
    const answer = await this.#exchange(kept ?? this.#connect(), request, method);
    return answer === null && kept ? this.#exchange(this.#connect(), request, method) : answer;
  }

  /** All that is answered to bytes that are no one request, over a connection of their own that ends with them. */
  askOnce(bytes: Buffer): Promise<WireAnswer[]> {
    const socket = connect({ port: this.#port, host: this.#host, allowHalfOpen: true });
    const received: Buffer[] = [];
    return new Promise((resolve) => {
      socket.on('data', (chunk: Buffer) => received.push(chunk));
      socket.on('error', () => {});
      socket.on('end', () => socket.destroy());
      socket.on('close', () => resolve(answersIn(Buffer.concat(received))));
      socket.end(bytes);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #connect(): Socket {
    this.#socket?.destroy();
    this.#socket = connect({ port: this.#port, host: this.#host, noDelay: true }).on('error', () => {});
    return this.#socket;
  }

  #exchange(socket: Socket, request: Buffer, method: string): Promise<WireAnswer | null> {
    let received = Buffer.alloc(0);
    return new Promise((resolve) => {
      const settle = (answer: WireAnswer | null) => {
        socket.off('data', read).off('close', hungUp);
        if (answer === null || answer.headers.get('connection') === 'close') socket.destroy();
        resolve(answer);
      };
      const read = (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        const found = firstAnswer(received, method === 'HEAD');
        if (found) settle(found.answer);
      };
      const hungUp = () => settle(null);
      socket.on('data', read).on('close', hungUp);
      socket.write(request);
    });
  }
}

/** A request with a host, headers and perhaps a body, whose length is told. */
export function requestOf(
  method: string,
  target: string,
  headers: readonly (readonly [name: string, value: string])[] = [],
  body?: string,
): Buffer {
  const content = Buffer.from(body ?? '');
  const length: [string, string][] = body === undefined ? [] : [['Content-Length', String(content.length)]];
  const lines = [['Host', 'localhost'] as const, ...headers, ...length].map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
  return Buffer.concat([head, content]);
}

function answersIn(bytes: Buffer): WireAnswer[] {
  const answers: WireAnswer[] = [];
  for (let rest = bytes; rest.length > 0;) {
    const found = firstAnswer(rest, false) ?? cutOff(rest);
    if (!found || found.answer.status === 100) break;
    answers.push(found.answer);
    rest = rest.subarray(found.length);
  }
  return answers;
}

/** The first answer that is final and whole, and how many bytes it takes up. */
function firstAnswer(bytes: Buffer, isHead: boolean): { answer: WireAnswer; length: number } | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const { status, headers } = headOf(bytes.subarray(0, end));
  const start = end + 4;
  if (status > 0 && status < 200) {
    const next = firstAnswer(bytes.subarray(start), isHead);
    return next && { ...next, length: next.length + start };
  }
  if (isHead || status === 204 || status === 304)
    return { answer: { status, headers, body: '' }, length: start };
  const rest = bytes.subarray(start);
  const content = headers.get('transfer-encoding') === 'chunked' ? chunksIn(rest) : wholeIn(rest, headers);
  return content && { answer: { status, headers, body: content.body }, length: start + content.length };
}

interface Content {
  readonly body: string;
  readonly length: number;
}

/** A body whose length its headers tell; null if it is not whole. */
function wholeIn(bytes: Buffer, headers: ReadonlyMap<string, string>): Content | null {
  const length = Number(headers.get('content-length') ?? 0);
  return bytes.length < length ? null : { body: bytes.subarray(0, length).toString(), length };
}

/** A body in chunks (RFC 9112, section 7.1), without trailers; null if it is not whole. */
function chunksIn(bytes: Buffer): Content | null {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return null;
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
    const next = end + 2 + size + 2;
    if (bytes.length < next) return null;
    if (size === 0) return { body: Buffer.concat(parts).toString(), length: next };
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = next;
  }
}

/** An answer without the rest of its body, as one to HEAD is. */
function cutOff(bytes: Buffer): { answer: WireAnswer; length: number } | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  return {
    answer: { ...headOf(bytes.subarray(0, end)), body: bytes.subarray(end + 4).toString() },
    length: bytes.length,
  };
}

function headOf(bytes: Buffer): { status: number; headers: Map<string, string> } {
  const [line = '', ...fields] = bytes.toString('latin1').split('\r\n');
  const headers = fields.map((field) => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()] as const;
  });
  return { status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(line)?.[1] ?? 0), headers: new Map(headers) };
}
