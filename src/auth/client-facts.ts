import { printable } from '../common/printable.js';
import type { ClientFacts } from '../sessions/session.js';
import type { AuthRequest } from './auth-request.js';
import { headerOf } from './header-of.js';

const USER_AGENT_LENGTH = 256;

/** The `User-Agent` of the client: one printable line of at most 256 characters, or null. */
export function userAgentOf(request: AuthRequest): string | null {
  const text = headerOf(request, 'user-agent').slice(0, USER_AGENT_LENGTH);
  return printable(text).slice(0, USER_AGENT_LENGTH) || null;
}

/** The address and the `User-Agent` of the client. */
export function clientFacts(request: AuthRequest): ClientFacts {
  return { ip: request.ip, userAgent: userAgentOf(request) };
}
