import type { SessionToken } from '../../sessions/session-token.js';

/** The body with the token as `token`; the body itself if the token is null. */
export function withToken<T extends object>(body: T, token: SessionToken | null): T & { token?: string } {
  return token ? { ...body, token: token.reveal() } : body;
}
