import type { IncomingMessage } from 'node:http';
import { plainAddress } from '../../common/network.js';
import type { ProxyTrust } from './proxy-trust.js';

/**
 * The address of the client: the first hop, counted from this server, that is not trusted, or the last one. If that hop
 * has no address, such as `unknown`, the address of the hop before it. Null if no hop has an address.
 */
export function clientAddressOf({ headers, socket }: IncomingMessage, isTrusted: ProxyTrust): string | null {
  const forwarded = String(headers['x-forwarded-for'] ?? '');
  const hops = forwarded === '' ? [] : forwarded.split(',').toReversed();
  let nearest: string | null = null;
  for (const [hop, text] of [socket.remoteAddress ?? '', ...hops].entries()) {
    const address = plainAddress(text);
    nearest = address ?? nearest;
    if (!isTrusted(address ?? '', hop)) break;
  }
  return nearest;
}

/** The protocol that the client uses: the first one in `X-Forwarded-Proto` of a trusted proxy, or that of the connection. */
export function protocolOf(request: IncomingMessage, isTrusted: ProxyTrust): string {
  const { socket } = request;
  const own = 'encrypted' in socket && socket.encrypted === true ? 'https' : 'http';
  return firstIn(request, 'x-forwarded-proto', isTrusted) ?? own;
}

/** The host that the client called: the first one in `X-Forwarded-Host` of a trusted proxy, or `Host`. */
export function hostOf(request: IncomingMessage, isTrusted: ProxyTrust): string | undefined {
  return firstIn(request, 'x-forwarded-host', isTrusted) ?? request.headers.host;
}

function firstIn({ headers, socket }: IncomingMessage, name: string, isTrusted: ProxyTrust): string | null {
  const value = String(headers[name] ?? '');
  if (value === '' || !isTrusted(plainAddress(socket.remoteAddress ?? '') ?? '', 0)) return null;
  return value.split(',', 1)[0]!.trim();
}
