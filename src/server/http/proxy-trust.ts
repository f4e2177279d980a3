import addresses from 'ipaddr.js';

/** Whether a proxy is trusted: by its address, and by its number, counted from this server from 0. */
export type ProxyTrust = (address: string, hop: number) => boolean;

type Network = ReturnType<typeof addresses.parseCIDR>;

/** The trust in a number of proxies, or in those with the given addresses and networks. */
export function proxyTrust(proxies: number | readonly string[]): ProxyTrust {
  if (typeof proxies === 'number') return (_, hop) => hop < proxies;
  const networks = proxies.map(networkIn);
  return (text) => {
    if (!addresses.isValid(text)) return false;
    const address = addresses.process(text);
    return networks.some(([start, bits]) => start.kind() === address.kind() && address.match(start, bits));
  };
}

/** A network; one of IPv4-mapped addresses as that of the IPv4 addresses. */
function networkIn(text: string): Network {
  const [start, bits] = text.includes('/') ? addresses.parseCIDR(text) : only(addresses.parse(text));
  return start instanceof addresses.IPv6 && start.isIPv4MappedAddress()
    ? [start.toIPv4Address(), bits - 96]
    : [start, bits];
}

function only(address: addresses.IPv4 | addresses.IPv6): Network {
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}
