import { describe, expect, it } from '@jest/globals';
import { networkOf } from './network.js';

describe('The network of an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::', '2001:db8:1:3::/64'],
    ['::1', '::/64'],
  ])('of %s is %s', (ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });

  it.each([null, '', 'unknown', '10.1', '203.0.113.7, 192.0.2.1', 'fe80::1%eth0'])(
    'of %j is unknown',
    (ip) => {
      expect(networkOf(ip)).toBe('unknown');
    },
  );
});
