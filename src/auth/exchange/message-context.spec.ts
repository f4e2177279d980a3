import { readFileSync } from 'node:fs';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { MESSAGE_AUTHORIZATION } from './message-context.js';
import { exchangeAt, readerOf } from './contexts.js';

class Coats {
  sell() {}
}

class OtherCoats {
  sell() {}
}
Reflect.defineMetadata(MESSAGE_AUTHORIZATION, (message: { token: unknown }) => message.token, OtherCoats);

function contextOf(
  message: unknown,
  context: object,
  controller: typeof Coats = Coats,
): ExecutionContextHost {
  const host = new ExecutionContextHost([message, context], controller, controller.prototype.sell);
  host.setType('rpc');
  return host;
}

const withHeaders = (all: Record<string, string | undefined> | undefined) => ({
  getHeaders: () => all && { get: (name: string) => all[name] ?? '' },
});

const headersOf = (...args: Parameters<typeof contextOf>) =>
  exchangeAt(contextOf(...args)).authRequest.headers;

describe('The exchange of a message', () => {
  it.each([{ authorization: 'Bearer 1' }, { Authorization: 'Bearer 1' }])('reads %j of NATS', (all) => {
    expect(headersOf({}, withHeaders({ ...all, cookie: 'sid=1' }))).toEqual({ authorization: 'Bearer 1' });
  });

  it.each([
    [{ authorization: 'Bearer 1' }, {}],
    [{}, withHeaders(undefined)],
    [{}, withHeaders({ cookie: 'sid=1' })],
    [null, {}],
  ])('finds no credential in %j', (message, context) => {
    expect(headersOf(message, context)).toEqual({});
  });

  it('reads what the function of the options finds, if that is text', () => {
    expect(headersOf({ token: 'Bearer 1' }, {}, OtherCoats)).toEqual({ authorization: 'Bearer 1' });
    for (const token of [undefined, null, 1, ['Bearer 1'], {}])
      expect(headersOf({ token }, {}, OtherCoats)).toEqual({});
  });

  it('is read by the function of the page, also if the message is no object', async () => {
    const [, source = ''] =
      /messageAuthorization: (.+),$/m.exec(readFileSync('docs/transports.md', 'utf8')) ?? [];
    const code = ts.transpile(`export default ${source}`, { module: ts.ModuleKind.ESNext });
    const { default: read } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
      default: unknown;
    };
    class Documented extends Coats {}
    Reflect.defineMetadata(MESSAGE_AUTHORIZATION, read, Documented);
    for (const message of [null, undefined, 5, 'text', [], {}])
      expect(headersOf(message, {}, Documented)).toEqual({});
    expect(headersOf({ authorization: 'Bearer 1' }, {}, Documented)).toEqual({ authorization: 'Bearer 1' });
  });

  it('fails where the function of the options does', () => {
    expect(() => headersOf(null, {}, OtherCoats)).toThrow(TypeError);
  });

  it('is one for all who ask about a message', () => {
    const context = {};
    expect(exchangeAt(contextOf({}, context))).toBe(exchangeAt(contextOf({}, context)));
    expect(exchangeAt(contextOf({}, {}))).not.toBe(exchangeAt(contextOf({}, context)));
  });

  it('has neither an address nor a response, and may change something', () => {
    const context = contextOf({ all: true }, {});
    const exchange = exchangeAt(context);
    const { ip, via } = exchange.authRequest;
    expect([ip, via, exchange.hasResponse, exchange.isSafe]).toEqual([null, 'message', false, false]);
    const reader = readerOf(context);
    expect([reader.onlyReads(context), reader.labelOf(context)]).toEqual([false, 'message Coats.sell']);
    expect(reader.inputOf(context)).toEqual({ all: true });
  });
});
