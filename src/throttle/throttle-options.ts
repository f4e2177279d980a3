import { type Given, type RulesOf, assignOptions, flag, integer } from '../common/options.js';

/** Accepts a whole number from 1 on. */
export const FAILURES = integer(1);

export const THROTTLE: RulesOf<ThrottleOptions> = {
  enabled: flag,
  failuresPerNetwork: FAILURES,
  failuresPerServer: FAILURES,
};

/** Limits of failed attempts within ten minutes. The values below are the defaults. */
export class ThrottleOptions {
  /** Whether failures are counted at all. */
  readonly enabled: boolean = true;
  /** For an IPv4 address or an IPv6 /64. A /56 has twice this limit, an IPv6 /48 or an IPv4 /24 four times. */
  readonly failuresPerNetwork: number = 50;
  /** For all networks together. Above it, the limit of each network is a tenth. */
  readonly failuresPerServer: number = 1000;

  constructor(options: Given<ThrottleOptions> = {}) {
    assignOptions(this, 'ThrottleOptions', options, THROTTLE);
  }
}
