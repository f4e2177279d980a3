import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { REQUEST_ID } from '../../auth/exchange/exchange.js';
import type { Headers } from '../../http/private-headers.js';

/** Headers that many responses have. */
export class CommonHeaders {
  /** The headers as HTTP/1.1 sends them. */
  readonly text: string;
  readonly #values: ReadonlyMap<string, string>;

  constructor(readonly list: Headers) {
    this.text = list.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    this.#values = new Map(list.map(([name, value]) => [name.toLowerCase(), value]));
  }

  /** The value of a header, whose name is in lower case. */
  get(name: string): string | undefined {
    return this.#values.get(name);
  }
}

/** A response that can get the common headers and its id in one step. */
export interface CommonResponse extends ServerResponse {
  /** Sets the common headers and the id of the request. Both must be valid values of headers. */
  setCommon(common: CommonHeaders, requestId: string): void;
}

/** Common headers that are not set one by one. */
interface Start {
  readonly common: CommonHeaders;
  readonly requestId: string;
  isWritten: boolean;
}

const ID = REQUEST_ID.toLowerCase();
const START = Symbol('common headers');

/** What Node does not document: the method that turns the headers into text. */
type StoreHeader = (this: ServerResponse, statusLine: string, headers: unknown) => void;

/**
 * Creates a class of responses, which calls `beforeHead` before the head of each one. Common headers are sent as one text,
 * because Node would check, keep and write each one. They behave as if they were set by `setHeader`, and are as soon as one of
 * them is changed.
 */
export function responseType(beforeHead: (response: ServerResponse) => void): typeof ServerResponse {
  return class<R extends IncomingMessage = IncomingMessage>
    extends ServerResponse<R>
    implements CommonResponse
  {
    [START]: Start | null = null;

    setCommon(common: CommonHeaders, requestId: string): void {
      this[START] = { common, requestId, isWritten: false };
    }

    override getHeader(name: string): number | string | string[] | undefined {
      return commonIn(this[START], name) ?? super.getHeader(name);
    }

    override hasHeader(name: string): boolean {
      return commonIn(this[START], name) !== undefined || super.hasHeader(name);
    }

    override getHeaderNames(): string[] {
      return Object.keys(this.getHeaders());
    }

    override getHeaders(): OutgoingHttpHeaders {
      const all = super.getHeaders();
      for (const [name, value] of this[START] ? allOf(this[START]) : []) all[name.toLowerCase()] = value;
      return all;
    }

    override setHeader(name: string, value: number | string | readonly string[]): this {
      if (commonIn(this[START], name) !== undefined) setEach(this);
      return super.setHeader(name, value);
    }

    override appendHeader(name: string, value: string | readonly string[]): this {
      if (commonIn(this[START], name) !== undefined) setEach(this);
      return super.appendHeader(name, value);
    }

    override removeHeader(name: string): void {
      if (commonIn(this[START], name) !== undefined) setEach(this);
      super.removeHeader(name);
    }

    override writeHead(...head: [status: number, ...rest: unknown[]]): this {
      beforeHead(this);
      if (changes(this[START], head.at(-1))) setEach(this);
      super.writeHead(...(head as Parameters<ServerResponse['writeHead']>));
      if (this[START]?.isWritten === false)
        throw new Error('This version of Node writes headers another way.');
      return this;
    }

    /** Node calls this for the text of the head. */
    _storeHeader(statusLine: string, headers: unknown): void {
      const { _storeHeader: store } = ServerResponse.prototype as unknown as { _storeHeader: StoreHeader };
      const start = this[START];
      if (!start) {
        store.call(this, statusLine, headers);
        return;
      }
      start.isWritten = true;
      store.call(this, `${statusLine}${REQUEST_ID}: ${start.requestId}\r\n${start.common.text}`, headers);
    }
  };
}

function commonIn(start: Start | null, name: string): string | undefined {
  if (!start || typeof name !== 'string') return undefined; // Node refuses other names
  const key = name.toLowerCase();
  return key === ID ? start.requestId : start.common.get(key);
}

/** Whether headers given to `writeHead` change common headers. A list may, so it is treated as if. */
function changes(start: Start | null, headers: unknown): boolean {
  if (!start || typeof headers !== 'object' || headers === null) return false;
  return Array.isArray(headers) || Object.keys(headers).some((name) => commonIn(start, name) !== undefined);
}

/** The names and values of all common headers. */
function allOf({ common, requestId }: Start): Headers {
  return [[REQUEST_ID, requestId], ...common.list];
}

/** Sets the common headers one by one. */
function setEach(response: ServerResponse & { [START]: Start | null }): void {
  const start = response[START];
  if (!start || response.headersSent) return;
  response[START] = null;
  for (const [name, value] of allOf(start)) response.setHeader(name, value);
}
