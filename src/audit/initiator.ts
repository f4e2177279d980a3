import type { Requester } from '../common/requester.js';

/** Who causes an event, and from where. */
export interface Initiator extends Requester {
  /** A request, an operator's command, or code of the application. */
  readonly via: 'http' | 'operator' | 'program';
  /** The signed-in user; null if there is none. */
  readonly actorId: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
}

const NOBODY = { actorId: null, ip: null, connection: null, userAgent: null, requestId: null };

/** Code that runs for no named user. */
export const PROGRAM: Initiator = { via: 'program', ...NOBODY };

/** A user of the operator's command. */
export const OPERATOR: Initiator = { via: 'operator', ...NOBODY };
