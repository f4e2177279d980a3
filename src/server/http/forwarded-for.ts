import type { Request } from 'express';
import { plainAddress } from '../../common/network.js';

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
