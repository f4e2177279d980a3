import type { Request } from 'express';
import { plainAddress } from '../common/network.js';
import { printable } from '../common/printable.js';
import type { Requester } from '../common/requester.js';

const USER_AGENT_LENGTH = 256;

/** The address of a client, as far as the application trusts its proxies; null where it has none. */
export function clientAddress({ ip }: Request): string | null {
  return ip === undefined ? null : plainAddress(ip);
}

/** Who waits for the answer to a request, and where. */
export function requesterOf(request: Request): Requester {
  return { ip: clientAddress(request), connection: request.socket };
}

/** What a request tells of its client: the address, and the browser in one line. */
export function clientFacts(request: Request): { ip: string | null; userAgent: string | null } {
  const { headers } = request;
  return {
    ip: clientAddress(request),
    userAgent:
      printable(headers['user-agent']?.slice(0, USER_AGENT_LENGTH) ?? '').slice(0, USER_AGENT_LENGTH) || null,
  };
}
