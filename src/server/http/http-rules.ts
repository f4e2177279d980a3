import { BlockList, isIP } from 'node:net';
import { type Rule, text } from '../../common/options.js';
import { HOST_PATTERNS, isHostPattern } from './host-check.js';

export const PREFIX = text(
  (prefix) => /^(\/|(\/(?!\.+(\/|$))[\w.-]+)+)$/.test(prefix),
  'must be / or a path such as /api/v1',
);

export const ALLOWED_HOST = text(isHostPattern, `must be ${HOST_PATTERNS}`);

/** A number of proxies, or a list of their addresses and networks. */
export const TRUST_PROXY: Rule = (trust) =>
  (Number.isInteger(trust) && Number(trust) >= 0 && Number(trust) <= 9) ||
  (Array.isArray(trust) &&
    trust.length > 0 &&
    trust.every((item) => typeof item === 'string' && isNetwork(item)))
    ? null
    : 'must be a number of proxies, or their addresses or networks';

/** Whether the text is an address or a network. Refuses networks so large that a few would cover all addresses. */
function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (bits === undefined) return true;
  const [least, most] = family === 4 ? [8, 32] : [isOfIPv4(address, Number(bits)) ? 104 : 7, 128];
  return /^[1-9]\d{0,2}$/.test(bits) && Number(bits) >= least && Number(bits) <= most;
}

/** Whether an IPv6 network contains IPv4-mapped addresses. */
function isOfIPv4(address: string, bits: number): boolean {
  const network = new BlockList();
  network.addSubnet(address, Math.min(bits || 0, 96), 'ipv6');
  return network.check('::ffff:0:0', 'ipv6');
}
