import type { HttpReply } from './http-exchange.js';
import type { ResponseHeaders } from './response-headers.js';

/** The headers of a reply of Fastify. */
export class ReplyHeaders implements ResponseHeaders {
  constructor(private readonly reply: HttpReply) {}

  get headersSent(): boolean {
    return this.reply.sent || this.reply.raw.headersSent;
  }

  getHeader(name: string): number | string | readonly string[] | undefined {
    return this.reply.getHeader(name);
  }

  setHeader(name: string, value: number | string | readonly string[]): void {
    this.reply.removeHeader(name);
    this.reply.header(name, value);
  }

  appendHeader(name: string, value: string): void {
    const set = this.reply.getHeader(name);
    this.setHeader(name, set === undefined ? value : [set, value].flat().map(String));
  }

  removeHeader(name: string): void {
    this.reply.removeHeader(name);
  }
}
