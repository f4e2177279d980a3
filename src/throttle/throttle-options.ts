import { type Given, type RulesOf, assignOptions, flag, integer } from '../common/options.js';

/** A number of failures that is accepted. */
export const FAILURES = integer(1);

export const THROTTLE: RulesOf<ThrottleOptions> = {
  enabled: flag,
  failuresPerNetwork: FAILURES,
  failuresPerServer: FAILURES,
};

/** How many failed attempts within ten minutes are accepted; each value left out is the one below. */
export class ThrottleOptions {
  /** Whether failures are counted at all. */
  readonly enabled: boolean = true;
  /** From an IPv4 address or an IPv6 /64; from a /56 twice as many, from an IPv6 /48 or an IPv4 /24 four times as many. */
  readonly failuresPerNetwork: number = 50;
  /** From all networks together; beyond it the limits of networks are a tenth. */
  readonly failuresPerServer: number = 1000;

  constructor(options: Given<ThrottleOptions> = {}) {
    assignOptions(this, 'ThrottleOptions', options, THROTTLE);
  }
}
