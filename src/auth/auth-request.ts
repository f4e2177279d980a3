import type { RequestChannel } from '../audit/initiator.js';
import type { Requester } from '../common/requester.js';

/** What a strategy may read of a request, whatever server received it. */
export interface AuthRequest extends Requester {
  readonly via: RequestChannel;
  readonly method: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The origin of this server as the client sees it; null if the request has no valid host. */
  readonly origin: string | null;
  /** The id of the request in log lines and answers; null if it has none. */
  readonly id: string | null;
}
