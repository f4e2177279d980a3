import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { HttpRequest } from '../exchange/http-exchange.js';

/** What is used of an application of Express. */
interface Express {
  /** The prototype of its requests. */
  readonly request: object;
}

/** What is used of an instance of Fastify. */
interface Fastify {
  addHook(
    name: 'onRequest',
    hook: (request: { readonly raw: IncomingMessage }, reply: { send(): unknown }, done: () => void) => void,
  ): unknown;
  inject(request: { url: string; headers: Record<string, string> }): Promise<unknown>;
}

/**
 * Shows handshakes as the HTTP framework shows requests, so that address, protocol and host follow the proxies that the application
 * trusts. Servers of WebSockets get plain requests of Node.
 */
@Injectable()
export class HandshakeRequests {
  /** Fastify shows the prototype of its requests only by a request. */
  #fastifyRequest: object | null = null;
  #asked: Promise<void> | null = null;
  /** The header of a request that the application sends to itself. */
  readonly #mark = randomUUID();

  constructor(private readonly host: HttpAdapterHost) {}

  /** Call it before the application listens: Fastify takes no hooks later. */
  prepare(): void {
    this.#instanceOf<Fastify>('fastify')?.addHook('onRequest', (request, reply, done) => {
      this.#fastifyRequest ??= Object.getPrototypeOf(request) as object;
      if (this.#mark in request.raw.headers) reply.send();
      else done();
    });
  }

  /** The handshake as the framework has requests; as it is without a framework, and where a hook of Fastify answers first. */
  async of(message: IncomingMessage): Promise<HttpRequest> {
    const express = this.#instanceOf<Express>('express');
    if (express) return requestOf(message, express.request);
    const fastify = this.#instanceOf<Fastify>('fastify');
    if (fastify && !this.#fastifyRequest) await (this.#asked ??= this.#ask(fastify));
    return this.#fastifyRequest ? requestOf(message, this.#fastifyRequest) : message;
  }

  async #ask(fastify: Fastify): Promise<void> {
    try {
      await fastify.inject({ url: '/', headers: { [this.#mark]: '' } });
    } catch {
      // Fastify cannot be asked, so no proxy is trusted.
    }
  }

  #instanceOf<T>(type: string): T | null {
    const { httpAdapter } = this.host as Partial<HttpAdapterHost>;
    return httpAdapter?.getType() === type ? httpAdapter.getInstance<T>() : null;
  }
}

function requestOf(raw: IncomingMessage, prototype: object): HttpRequest {
  const { headers, socket } = raw;
  return Object.create(prototype, {
    raw: { value: raw },
    headers: { value: headers },
    socket: { value: socket },
  }) as { readonly raw: IncomingMessage };
}
