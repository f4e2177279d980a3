import type { ServedPattern } from './server-adapter.js';

/** An escaped colon, a parameter with its expression, a wildcard, or text. */
const PART = /::|:[^/.(-]+(?:\((?:[^()]|\([^()]*\))*\))?\??|\*|[^:*]+/g;

/**
 * A pattern in the syntax of Fastify. It matches no fewer paths than the router, and more if a parameter has an expression;
 * but it decodes no escapes.
 */
export function patternOf(path: string, methods: readonly string[]): ServedPattern {
  const source = (path.replace(/\/$/, '').match(PART) ?? []).map(expressionOf).join('');
  const expression = new RegExp(`^${source}/?$`);
  return { path, methods, matches: (sent) => expression.test(sent) };
}

function expressionOf(part: string): string {
  if (part === '*') return '.*';
  if (part === '::') return ':';
  return part.startsWith(':') ? '[^/]*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
}
