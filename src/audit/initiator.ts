import type { Requester } from '../common/requester.js';

/** How a request comes: by HTTP, through a WebSocket, or as a message of a microservice. */
export const REQUEST_CHANNELS = ['http', 'websocket', 'message'] as const;

export type RequestChannel = (typeof REQUEST_CHANNELS)[number];

/** How an event is caused: by a request, an operator's command, or code of the application. */
export const CHANNELS = [...REQUEST_CHANNELS, 'operator', 'program'] as const;

/** Who causes an event, and from where. */
export interface Initiator extends Requester {
  readonly via: (typeof CHANNELS)[number];
  /** The signed-in user; null if there is none. */
  readonly actorId: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
  /** The `Accept-Language` of the request, which decides the language of the mails that it causes. */
  readonly languages?: string | null;
}

/** An initiator as it is recorded. */
export type RecordedInitiator = Omit<Initiator, 'connection' | 'languages'>;

const NOBODY = {
  actorId: null,
  ip: null,
  connection: null,
  userAgent: null,
  requestId: null,
  languages: null,
};

/** Code that runs for no named user. */
export const PROGRAM: Initiator = { via: 'program', ...NOBODY };

/** A user of the operator's command. */
export const OPERATOR: Initiator = { via: 'operator', ...NOBODY };
