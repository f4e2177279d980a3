import type { Failure } from '../store-calls.js';

/** The code at the start of an error of Redis. In errors of scripts, Redis 6 has it in the middle. */
const CODE = /^(?:ERR Error running script .*@user_script: ?\d+: )?-?([A-Z]+) /s;

/** Meaning of each code, from the documentation and source of Redis. Other errors are `unavailable`. */
const MEANINGS: Readonly<Record<string, Failure>> = {
  // The server is a replica now, or it requires authentication again. The command had no effect.
  READONLY: 'useless_connection',
  MASTERDOWN: 'useless_connection',
  NOAUTH: 'useless_connection',
  UNBLOCKED: 'useless_connection',
  // A script is running, or a slot is moving to another node. The command had no effect and can be repeated.
  BUSY: 'busy',
  TRYAGAIN: 'busy',
  // Missing permissions, a key of another application, or a cluster node with the URL of a single server.
  NOPERM: 'misconfigured',
  WRONGTYPE: 'misconfigured',
  MOVED: 'misconfigured',
  ASK: 'misconfigured',
  CROSSSLOT: 'misconfigured',
};

/** Errors without a specific code. */
const PHRASES: readonly (readonly [phrase: RegExp, failure: Failure])[] = [
  [/ACL failure in script|user executing the script can't|has no permissions to/, 'misconfigured'],
  [/^ERR unknown command|^ERR user_script:|^ERR invalid DB index|^ERR DB index/, 'misconfigured'],

  [/Protocol error/, 'unavailable'],
];

/** Classifies an error that Redis answered; any other one is `unavailable`. */
export function classifyErrorReply({ message }: Error): Failure {
  const [, code = ''] = CODE.exec(`${message} `) ?? [];
  return MEANINGS[code] ?? PHRASES.find(([phrase]) => phrase.test(message))?.[1] ?? 'unavailable';
}

/** Whether the key holds another type than the command needs. */
export function isOfAnotherType(error: unknown): boolean {
  return (error as Error).message.startsWith('WRONGTYPE ');
}
