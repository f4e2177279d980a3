import { describe, expect, it } from '@jest/globals';
import { proxyTrust } from './proxy-trust.js';

describe('The trust in proxies', () => {
  it('of a number is in the hops nearest to the server', () => {
    const isTrusted = proxyTrust(2);
    expect([0, 1, 2, 3].map((hop) => isTrusted('203.0.113.7', hop))).toEqual([true, true, false, false]);
    expect(proxyTrust(0)('127.0.0.1', 0)).toBe(false);
  });

  it.each([
    ['10.0.0.0/8', ['10.1.2.3', '::ffff:10.1.2.3'], ['11.0.0.1', '::a01:203', '', 'unknown']],
    ['192.0.2.1', ['192.0.2.1', '::ffff:192.0.2.1'], ['192.0.2.2']],
    ['2001:db8::/32', ['2001:db8::1', '2001:DB8:0:0::2'], ['2001:db9::1', '32.1.13.184']],
    ['::1', ['::1'], ['127.0.0.1', '::2']],
    ['::ffff:10.0.0.0/104', ['10.9.9.9', '::ffff:10.9.9.9'], ['11.0.0.1']],
    ['::ffff:192.0.2.1', ['192.0.2.1'], ['192.0.2.2']],
  ])('of %s is in all its addresses, in any form', (network, trusted, others) => {
    const isTrusted = proxyTrust(['198.51.100.1', network]);
    expect(trusted.filter((address) => !isTrusted(address, 5))).toEqual([]);
    expect(others.filter((address) => isTrusted(address, 0))).toEqual([]);
  });
});
