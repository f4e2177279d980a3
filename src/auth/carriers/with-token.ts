import type { SessionToken } from '../../sessions/session-token.js';

/** A body with the token that it is to carry, this once; as it is where it carries none. */
export function withToken<T extends object>(body: T, token: SessionToken | null): T & { token?: string } {
  return token ? { ...body, token: token.reveal() } : body;
}
