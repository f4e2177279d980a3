import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../common/domain-error.js';
import { anExchange } from '../../../test/support/exchange.js';
import { aUser } from '../../testing/samples.js';
import { identityOf } from '../../users/identity.js';
import { CrossSiteCheck } from '../guards/cross-site-check.js';
import { exchangeAt, readerOf } from './contexts.js';

const FOREIGN = { host: 'api.example.com', origin: 'https://evil.example' };

const principal = { ...identityOf(aUser()), session: null };

type Operation = 'query' | 'mutation' | 'subscription';

const infoOf = (operation: Operation) => ({
  fieldName: 'price',
  parentType: { name: 'Coat' },
  path: { key: 'price' },
  operation: { operation },
  variableValues: {},
});

function contextOf(
  ctx: object | undefined,
  operation: Operation = 'query',
  info: object = infoOf(operation),
): ExecutionContextHost {
  const context = new ExecutionContextHost([{}, { all: true }, ctx, info]);
  context.setType('graphql');
  return context;
}

const requestBy = (method: string, headers: Record<string, string> = {}) => anExchange(headers, { method });

describe('The exchange of a GraphQL operation', () => {
  const { request, response } = requestBy('POST', { authorization: 'Bearer 1' });
  const reply = { raw: response, header: () => {}, request: { raw: request } };

  it.each([
    ['Apollo on Express', { req: request }],
    ['a context with both', { req: request, res: response }],
    ['Mercurius', { req: { raw: request }, reply }],
    ['a reply alone', { reply }],
    ['graphql-ws', { extra: { request } }],
    ['graphql-ws in Apollo', { req: { extra: { request }, connectionParams: {} } }],
  ])('is found with %s', (_, ctx) => {
    const exchange = exchangeAt(contextOf(ctx));
    expect(exchange.message).toBe(request);
    expect(exchange.authRequest.headers.authorization).toBe('Bearer 1');
  });

  it.each([
    ['response', { res: requestBy('GET').response }, true],
    ['reply', { reply }, true],
    ['neither', {}, false],
  ])('knows the %s', (_, ctx, hasResponse) => {
    expect(exchangeAt(contextOf({ req: { headers: {} }, ...ctx })).hasResponse).toBe(hasResponse);
  });

  it('is recorded as one of the WebSocket that it came through', () => {
    const viaOf = (headers: Record<string, string>) =>
      exchangeAt(contextOf({ req: requestBy('GET', headers).request })).authRequest.via;
    expect([viaOf({}), viaOf({ upgrade: 'websocket' })]).toEqual(['http', 'websocket']);
  });

  it.each([undefined, {}, { user: 'ann' }, { req: {} }])('cannot be made of %j', (ctx) => {
    expect(() => exchangeAt(contextOf(ctx))).toThrow('The context of this GraphQL operation has no request.');
  });

  it('is one for all resolvers of an operation, and another for another operation', async () => {
    const info = infoOf('query');
    const ctx = { req: request };
    const first = exchangeAt(contextOf(ctx, 'query', info));
    expect(exchangeAt(contextOf(ctx, 'query', { ...info, fieldName: 'colour' }))).toBe(first);
    const second = exchangeAt(contextOf(ctx));
    expect(second).not.toBe(first);
    let calls = 0;
    const identify = () => {
      calls += 1;
      return Promise.resolve(principal);
    };
    await Promise.all([first, first, second].map((exchange) => exchange.identifiedBy(identify)));
    expect(calls).toBe(2);
  });

  it('has a principal of its own, since all operations on a WebSocket have one request', () => {
    const { request: handshake } = requestBy('GET');
    const [first, second] = [1, 2].map(() => exchangeAt(contextOf({ extra: { request: handshake } })));
    first!.principal = principal;
    expect(first!.principal).toBe(principal);
    expect(handshake.principal).toBe(principal);
    expect(second!.principal).toBeUndefined();
  });

  it.each([{ authorization: 'Bearer 2' }, { Authorization: 'Bearer 2' }])(
    'reads %j that comes after the handshake, and prefers the header of the handshake',
    (connectionParams) => {
      const authorization = (of: typeof request, key: string) =>
        exchangeAt(contextOf({ extra: { request: of }, [key]: connectionParams })).authRequest.headers
          .authorization;
      const { request: plain } = requestBy('GET');
      expect(authorization(plain, 'connectionParams')).toBe('Bearer 2');
      expect(authorization(plain, '_connectionInit')).toBe('Bearer 2');
      expect(authorization(request, 'connectionParams')).toBe('Bearer 1');
      expect(plain.headers.authorization).toBeUndefined();
    },
  );

  it.each([{ authorization: 1 }, { authorization: ['Bearer 2'] }, null, 'Bearer 2'])(
    'ignores %j after the handshake',
    (connectionParams) => {
      const { request: plain } = requestBy('GET');
      const ctx = { extra: { request: plain }, connectionParams };
      expect(exchangeAt(contextOf(ctx)).authRequest.headers).toEqual({});
    },
  );
});

describe('The cross-site check of a GraphQL operation', () => {
  const check = new CrossSiteCheck({ https: true, trustedOrigins: [] });
  const upgrade = { ...FOREIGN, upgrade: 'websocket' };

  it.each([
    ['GET', 'query', FOREIGN, true],
    ['GET', 'mutation', FOREIGN, false],
    ['GET', 'subscription', FOREIGN, false],
    ['GET', 'query', upgrade, false],
    ['GET', 'subscription', upgrade, false],
    ['POST', 'query', FOREIGN, false],
    ['POST', 'mutation', FOREIGN, false],
  ] as const)(
    'at %s of a %s with %j from another site: admits it is %s',
    (method, operation, headers, isAdmitted) => {
      const exchange = exchangeAt(contextOf({ req: requestBy(method, headers).request }, operation));
      const checking = expect(() => check.check(exchange));
      if (isAdmitted) checking.not.toThrow();
      else checking.toThrow(DomainError);
    },
  );
});

describe('The reader of GraphQL contexts', () => {
  const { request } = requestBy('POST');

  it('reads the arguments, and names the field without values', () => {
    const context = contextOf({ req: request }, 'mutation');
    const reader = readerOf(context);
    expect(reader.inputOf(context)).toEqual({ all: true });
    expect(reader.labelOf(context)).toBe('mutation Coat.price');
  });

  it.each([
    ['query', true],
    ['subscription', true],
    ['mutation', false],
  ] as const)('says of a %s that it only reads: %s', (operation, onlyReads) => {
    const context = contextOf({ req: request }, operation);
    expect(readerOf(context).onlyReads(context)).toBe(onlyReads);
  });

  it('reads the context of a reference resolver, which has no arguments', () => {
    const context = new ExecutionContextHost([{ id: '1' }, { req: request }, infoOf('query')]);
    context.setType('graphql');
    expect(exchangeAt(context).message).toBe(request);
    expect(readerOf(context).inputOf(context)).toBeUndefined();
  });
});

describe('A refusal in GraphQL', () => {
  it('has its code, status and problem as extensions', () => {
    const error = new DomainError('role_required');
    expect(error.extensions).toEqual({ code: 'role_required', status: 403, problem: error.getResponse() });
  });

  it('shows no stack', () => {
    const error = new DomainError('role_required');
    const context = contextOf({});
    readerOf(context).prepare?.(error);
    expect(error.stack).toBe(`DomainError: ${error.message}`);
  });
});
