import { isIP } from 'node:net';
import type { Request } from 'express';
import { printable } from '../common/printable.js';

const USER_AGENT_LENGTH = 256;

/** What a request tells of its client: the address as far as `TRUST_PROXY` lets it be believed, and the browser in one line. */
export function clientFacts(request: Request): { ip: string | null; userAgent: string | null } {
  const { ip, headers } = request;
  return {
    ip: ip !== undefined && isIP(ip) !== 0 && !ip.includes('%') ? ip : null,
    userAgent:
      printable(headers['user-agent']?.slice(0, USER_AGENT_LENGTH) ?? '').slice(0, USER_AGENT_LENGTH) || null,
  };
}
