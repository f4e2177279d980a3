/** How many failed attempts at passwords are borne within ten minutes; each value left out is the one below. */
export class ThrottleOptions {
  /** Whether failures are counted at all. */
  readonly enabled: boolean = true;
  /** From one network: an IPv4 address, or the first 64 bits of an IPv6 one. */
  readonly failuresPerNetwork: number = 50;
  /** From all networks together. */
  readonly failuresPerServer: number = 1000;

  constructor(options: Partial<ThrottleOptions> = {}) {
    Object.assign(this, options);
  }
}
