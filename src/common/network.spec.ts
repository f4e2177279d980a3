import { describe, expect, it } from '@jest/globals';
import { networkOf, networksOf } from './network.js';

describe('The networks of an address', () => {
  const ipv4 = ['203.0.113.7', '203.0.113.0/24'];
  const ipv6 = ['2001:db8:1:2ff::/64', '2001:db8:1:200::/56', '2001:db8:1::/48'];

  it.each<[string, readonly string[]]>([
    ['203.0.113.7', ipv4],
    ['::ffff:203.0.113.7', ipv4],
    ['::ffff:cb00:7107', ipv4],
    ['64:ff9b::203.0.113.7', ipv4],
    ['64:ff9b::cb00:7107', ipv4],
    ['2001:db8:1:2ff:3:4:5:6', ipv6],
    ['2001:DB8:1:2ff::', ipv6],
    ['2001:db8:1:300::', ['2001:db8:1:300::/64', '2001:db8:1:300::/56', '2001:db8:1::/48']],
    ['::1', ['::/64', '::/56', '::/48']],
    ['127.0.0.1', ['127.0.0.1', '127.0.0.0/24']],
  ])('of %s are %j', (ip, names) => {
    expect(networksOf(ip).map(({ name }) => name)).toEqual(names);
    expect(networkOf(ip)).toBe(names[0]);
  });

  it('have higher limits the larger they are', () => {
    expect(networksOf('2001:db8::1').map(({ factor }) => factor)).toEqual([1, 2, 4]);
    expect(networksOf('203.0.113.7').map(({ factor }) => factor)).toEqual([1, 4]);
  });

  it.each([null, '', 'unknown', '10.1', '203.0.113.7, 192.0.2.1', 'fe80::1%eth0'])(
    'of %j are unknown',
    (ip) => {
      expect(networksOf(ip)).toEqual([{ name: 'unknown', factor: 1 }]);
    },
  );
});
