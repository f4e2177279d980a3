import { isIPv4, isIPv6 } from 'node:net';
import addresses from 'ipaddr.js';

/** How many leading bits of an IPv6 address name the network that one client commands (RFC 6177). */
const CLIENT_NETWORK = 64;

/**
 * The network that an address counts for: an IPv4 address itself, also where it is mapped into IPv6, and of an IPv6
 * address the first 64 bits. `unknown` for what is no address.
 */
export function networkOf(ip: string | null): string {
  if (ip === null || ip.includes('%') || !(isIPv4(ip) || isIPv6(ip))) return 'unknown';
  const address = addresses.process(ip).toString();
  if (isIPv4(address)) return address;
  const cidr = `${address}/${CLIENT_NETWORK}`;
  return `${addresses.IPv6.networkAddressFromCIDR(cidr).toString()}/${CLIENT_NETWORK}`;
}
