import { isIP, isIPv4, isIPv6 } from 'node:net';
import addresses from 'ipaddr.js';

/** A network that failures are counted for. */
export interface Network {
  readonly name: string;
  /** Multiplies the limit of the smallest network. */
  readonly factor: number;
}

const UNKNOWN: Network = { name: 'unknown', factor: 1 };

/**
 * Leading bits and factors, smallest network first. One client controls a /64, and a customer gets a /56 or a /48 (RFC 6177).
 * An IPv4 /24 is the smallest network that is routed separately.
 */
const IPV6 = [
  [64, 1],
  [56, 2],
  [48, 4],
] as const;
const IPV4 = [24, 4] as const;

/**
 * The networks of an address, smallest first: for IPv6 the /64, /56 and /48, for IPv4 the address itself and its /24, also if
 * it is written as IPv6 (`::ffff:0:0/96`, `64:ff9b::/96`). The one network `unknown` for a text that is no address.
 */
export function networksOf(ip: string | null): readonly [Network, ...Network[]] {
  if (ip === null || ip.includes('%') || !(isIPv4(ip) || isIPv6(ip))) return [UNKNOWN];
  const address = withoutTranslation(addresses.process(ip));
  const text = address.toString();
  if (address.kind() === 'ipv4') return [{ name: text, factor: 1 }, withBits(text, addresses.IPv4, IPV4)];
  const [own, ...wider] = IPV6;
  return [
    withBits(text, addresses.IPv6, own),
    ...wider.map((width) => withBits(text, addresses.IPv6, width)),
  ];
}

/** The name of the smallest network of an address, which belongs to one client. */
export function networkOf(ip: string | null): string {
  return networksOf(ip)[0].name;
}

/** Whether the name of a host, in lower case, or a plain address is loopback: `localhost`, its sub-domains (RFC 6761), 127.0.0.0/8 or ::1. */
export function isLoopbackName(name: string): boolean {
  if (isIP(name) !== 0) return name === '::1' || name.startsWith('127.');
  return name === 'localhost' || name.endsWith('.localhost');
}

function withBits(
  address: string,
  family: typeof addresses.IPv4 | typeof addresses.IPv6,
  [bits, factor]: readonly [number, number],
): Network {
  return { name: `${family.networkAddressFromCIDR(`${address}/${bits}`).toString()}/${bits}`, factor };
}

/** The IPv4 address in a translated IPv6 address (RFC 6052); other addresses unchanged. */
function withoutTranslation(address: addresses.IPv4 | addresses.IPv6): addresses.IPv4 | addresses.IPv6 {
  if (address.range() !== 'rfc6052') return address;
  return new addresses.IPv4(address.toByteArray().slice(-4));
}

/**
 * An address in the form of RFC 5952, without the port, brackets, quotes and zone that proxies and sockets add. An
 * IPv4-mapped IPv6 address becomes IPv4. Null for a text that is no address.
 */
export function plainAddress(text: string): string | null {
  const bare = text.trim().replace(/^"(.*)"$/, '$1');
  const address = [bare, bare.replace(/:(\d{1,5}|_[\w.-]+)$/, '')]
    .map((one) => one.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, ''))
    .find((one) => isIP(one) !== 0 && addresses.isValid(one));
  return address === undefined ? null : addresses.process(address).toString();
}
