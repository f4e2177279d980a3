import { isIP } from 'node:net';
import type { Request } from 'express';
import addresses from 'ipaddr.js';

/** Whether Express takes the word of the sender that is so many hops away; it makes this of `trust proxy`. */
export type ProxyTrust = (address: string, hop: number) => boolean;

/**
 * The address of a client: that of the last hop before one that is not trusted. A hop that has no address (`unknown`,
 * `_hidden`, a socket file, garbage) leaves the nearest hop that has one. Null where not even the connection has one.
 */
export function clientAddressOf({ app, headers, socket }: Request): string | null {
  const isTrusted = app.get('trust proxy fn') as ProxyTrust;
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

/**
 * An address as RFC 5952 writes it, without the port, brackets, quotes and zone that proxies and sockets put around it, and
 * as IPv4 where it is mapped into IPv6; null for what is no address.
 */
export function plainAddress(text: string): string | null {
  const bare = text.trim().replace(/^"(.*)"$/, '$1');
  const address = [bare, bare.replace(/:(\d{1,5}|_[\w.-]+)$/, '')]
    .map((one) => one.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, ''))
    .find((one) => isIP(one) !== 0 && addresses.isValid(one));
  return address === undefined ? null : addresses.process(address).toString();
}
