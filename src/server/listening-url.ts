import type { AddressInfo } from 'node:net';

/** The URL of a server; with 127.0.0.1 if it listens on all addresses. */
export function listeningUrl({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
