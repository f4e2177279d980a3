import type { AuthRequest } from './auth-request.js';

/** The text of a header, by its name in lower case; an empty text if there is none. Several values are joined by commas. */
export function headerOf({ headers }: Pick<AuthRequest, 'headers'>, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : (value?.join(', ') ?? '');
}
