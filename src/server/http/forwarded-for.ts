import type { Request } from 'express';
import { plainAddress } from '../../common/network.js';

/** Whether Express trusts the address at this hop. Express compiles it from the setting `trust proxy`. */
export type ProxyTrust = (address: string, hop: number) => boolean;

/**
 * The address of the client: the first hop, counted from this server, that is not trusted, or the last one. If that hop
 * has no address, such as `unknown`, the address of the hop before it. Null if no hop has an address.
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
