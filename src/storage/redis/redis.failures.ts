import { ClientClosedError, ClientOfflineError, SocketClosedUnexpectedlyError } from '@redis/client';
import type { Failure } from '../store-calls.js';
import { UselessConnectionError } from './connected-redis.js';

/** The word that an error of Redis begins with; Redis 6 has those of scripts in the middle. */
const CODE = /^(?:ERR Error running script .*@user_script: ?\d+: )?-?([A-Z]+) /s;

/** What the words mean, by the documentation of Redis and its source; other errors are an outage. */
const MEANINGS: Readonly<Record<string, Failure>> = {
  // The server is a replica now, or wants the password again: nothing was done, and a new connection may be of use.
  READONLY: 'useless_connection',
  MASTERDOWN: 'useless_connection',
  NOAUTH: 'useless_connection',
  UNBLOCKED: 'useless_connection',
  // A script is running, or a slot is on its way to another node: nothing was done, and it is soon over.
  BUSY: 'busy',
  TRYAGAIN: 'busy',
  // Rights that are missing, a key of somebody else's, a node of a cluster that is asked as if it were alone.
  NOPERM: 'misconfigured',
  WRONGTYPE: 'misconfigured',
  MOVED: 'misconfigured',
  ASK: 'misconfigured',
  CROSSSLOT: 'misconfigured',
};

/** Errors without a word of their own. */
const PHRASES: readonly (readonly [phrase: RegExp, failure: Failure])[] = [
  [/ACL failure in script|user executing the script can't|has no permissions to/, 'misconfigured'],
  [/^ERR unknown command|^ERR user_script:|^ERR invalid DB index|^ERR DB index/, 'misconfigured'],
  // It no longer understands us, nor we it.
  [/Protocol error/, 'unavailable'],
];

/** What an error of Redis means. */
export function classifyRedisFailure(error: unknown): Failure {
  if (error instanceof ClientClosedError || error instanceof ClientOfflineError) return 'useless_connection';
  const { message } = error as Error;
  const [, code = ''] = CODE.exec(`${message} `) ?? [];
  return MEANINGS[code] ?? PHRASES.find(([phrase]) => phrase.test(message))?.[1] ?? 'unavailable';
}

/** Whether a key held something of another type than the command is for. */
export function isOfAnotherType(error: unknown): boolean {
  return (error as Error).message.startsWith('WRONGTYPE ');
}

/** Whether a connection is to be replaced on which an error was met. */
export function breaksConnection(error: unknown): boolean {
  return (
    error instanceof UselessConnectionError ||
    error instanceof SocketClosedUnexpectedlyError ||
    classifyRedisFailure(error) === 'useless_connection' ||
    /Protocol error/.test((error as Error).message)
  );
}
