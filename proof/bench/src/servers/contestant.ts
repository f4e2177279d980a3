import type { Entrance } from './entrance.js';
import type { Engine, Place } from './place.js';

/** A kind of server that takes part: how it is started, and how people get in. */
export interface Contestant {
  readonly name: string;
  readonly file: string;
  readonly needs: readonly Engine[];
  variables(place: Place, port: number): Readonly<Record<string, string>>;
  /** The path that is measured. */
  readonly path: string;
  /** Null where nobody is asked who they are. */
  readonly entrance: Entrance | null;
  /** False where a session that was ended is served until its cookie is too old. */
  readonly refusesEnded: boolean;
  /** What else it is compared with, beside stock Nest; null for what is no part of the product. */
  readonly goals: Goals | null;
}

/** What the product is to reach: how many times the rate of stock Nest, and of each peer by name. */
export interface Goals {
  readonly overNest: number;
  readonly overPeers: Readonly<Record<string, number>>;
}
