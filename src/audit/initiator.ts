import type { Requester } from '../common/requester.js';

/** Who makes something happen, and from where. */
export interface Initiator extends Requester {
  /** A request, an operator's command, or code that says no more. */
  readonly via: 'http' | 'operator' | 'program';
  /** The signed-in user; null where there is none. */
  readonly actorId: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
}

const NOBODY = { actorId: null, ip: null, connection: null, userAgent: null, requestId: null };

/** Code that does not say on whose behalf it runs. */
export const PROGRAM: Initiator = { via: 'program', ...NOBODY };

/** Whoever may use the operator's command. */
export const OPERATOR: Initiator = { via: 'operator', ...NOBODY };
