import type { ArgumentsHost } from '@nestjs/common';
import type { DomainError } from '../../common/domain-error.js';
import type { ContextReader } from './context-reader.js';
import { exchangeOf } from './exchange.js';
import type { HttpRequest, HttpResponse } from './http-exchange.js';
import { OperationExchange } from './operation-exchange.js';

/** The places of request and response in the contexts of Apollo, Mercurius and graphql-ws. */
interface GraphqlContext {
  /** With graphql-ws in Apollo, its own context. */
  readonly req?: Pick<GraphqlContext, 'extra' | 'connectionParams'>;
  readonly request?: unknown;
  readonly reply?: { readonly request?: unknown };
  readonly extra?: { readonly request?: unknown };
  /** What a client of graphql-ws sent after the handshake; with Mercurius, `_connectionInit`. */
  readonly connectionParams?: unknown;
  readonly _connectionInit?: unknown;
  readonly res?: unknown;
  readonly response?: unknown;
}

/** What graphql-js tells resolvers of an operation. */
interface ResolveInfo {
  readonly fieldName: string;
  readonly parentType: { readonly name: string };
  readonly operation: { readonly operation: 'query' | 'mutation' | 'subscription' };
  /** Of a field of the root, without `prev`. */
  readonly path: { readonly prev?: unknown };
  /** There is one object for each operation. */
  readonly variableValues: object;
}

/** The operations that are under way. */
const exchanges = new WeakMap<object, OperationExchange>();

/** Resolvers of `@nestjs/graphql`, with Apollo and with Mercurius. */
class GraphqlContextReader implements ContextReader {
  exchangeOf(context: ArgumentsHost): OperationExchange {
    const { ctx, info } = partsOf(context);
    const known = exchanges.get(info.variableValues);
    if (known) return known;
    const exchange = newExchange(ctx, info);
    exchanges.set(info.variableValues, exchange);
    return exchange;
  }

  inputOf(context: ArgumentsHost): unknown {
    return partsOf(context).args;
  }

  labelOf(context: ArgumentsHost): string {
    const { operation, parentType, fieldName } = partsOf(context).info;
    return `${operation.operation} ${parentType.name}.${fieldName}`;
  }

  onlyReads(context: ArgumentsHost): boolean {
    return partsOf(context).info.operation.operation !== 'mutation';
  }

  subscriptionAt(context: ArgumentsHost): OperationExchange | null {
    const { operation, path } = partsOf(context).info;
    return operation.operation === 'subscription' && !path.prev ? this.exchangeOf(context) : null;
  }

  /** Takes away the stack, which Apollo sends to clients outside production. */
  prepare(refusal: DomainError): void {
    refusal.stack = `${refusal.name}: ${refusal.message}`;
  }
}

export const GRAPHQL: ContextReader = new GraphqlContextReader();

/** A reference resolver of a federated schema gets no arguments of its own; what it is asked for is a part of the query. */
function partsOf(context: ArgumentsHost) {
  const all = context.getArgs<unknown[]>();
  const [args, ctx, info] = all.length === 3 ? [undefined, ...all.slice(1)] : all.slice(1);
  return { args, ctx: (ctx ?? {}) as GraphqlContext, info: info as ResolveInfo };
}

function newExchange(ctx: GraphqlContext, { operation }: ResolveInfo): OperationExchange {
  const { req, reply, extra, _connectionInit: initial } = ctx;
  const request = [req, ctx.request, reply?.request, extra?.request, req?.extra?.request].find(isRequest);
  if (!request)
    throw new Error(
      'The context of this GraphQL operation has no request. Keep it there: context: (req, res) => ({ req, res, … }).',
    );
  const response = [ctx.res, ctx.response, reply].find(isResponse) ?? null;
  const sent = Object(ctx.connectionParams ?? req?.connectionParams ?? initial) as AfterHandshake;
  const authorization = [sent.authorization, sent.Authorization].find((value) => typeof value === 'string');
  return new OperationExchange(
    exchangeOf(request, response),
    response,
    operation.operation === 'query',
    authorization,
  );
}

interface AfterHandshake {
  readonly authorization?: unknown;
  readonly Authorization?: unknown;
}

function isRequest(value: unknown): value is HttpRequest {
  const { raw, headers } = Object(value) as { raw?: { headers?: unknown }; headers?: unknown };
  return typeof (raw?.headers ?? headers) === 'object';
}

function isResponse(value: unknown): value is HttpResponse {
  const { setHeader, header } = Object(value) as { setHeader?: unknown; header?: unknown };
  return typeof (setHeader ?? header) === 'function';
}
