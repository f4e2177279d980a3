import type { AuthRequest } from './auth-request.js';

/**
 * The text of a header, by its name in lower case; an empty text if there is none. Several values are joined by commas. Values
 * that are no texts, which libraries of WebSockets let clients add, are left out.
 */
export function headerOf({ headers }: Pick<AuthRequest, 'headers'>, name: string): string {
  const value: unknown = headers[name];
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string').join(', ') : '';
}
