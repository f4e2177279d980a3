import { describe, expect, it } from '@jest/globals';
import {
  ClientClosedError,
  ClientOfflineError,
  SimpleError,
  SocketClosedUnexpectedlyError,
} from '@redis/client';
import { breaksConnection, classifyRedisFailure } from './redis.failures.js';

/** Messages of Redis 7, and of Redis 6 where they differ. */
const IN_REDIS_6 = 'ERR Error running script (call to f_123): @user_script:15: @user_script: 15: -';
const IN_SCRIPT = ' script: 123, on @user_script:15.';

describe('An error of Redis', () => {
  it.each([
    ["READONLY You can't write against a read only replica.", 'useless_connection', true],
    [`READONLY You can't write against a read only replica.${IN_SCRIPT}`, 'useless_connection', true],
    [`${IN_REDIS_6}READONLY You can't write against a read only replica.`, 'useless_connection', true],
    [
      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
      'useless_connection',
      true,
    ],
    ['NOAUTH Authentication required.', 'useless_connection', true],
    ['UNBLOCKED force unblock from blocking operation, instance state changed', 'useless_connection', true],
    ['BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.', 'busy', false],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'busy', false],
    ["NOPERM User app has no permissions to run the 'eval' command", 'misconfigured', false],
    [
      'NOPERM this user has no permissions to access one of the keys used as arguments',
      'misconfigured',
      false,
    ],
    [`ERR ACL failure in script: User app has no permissions${IN_SCRIPT}`, 'misconfigured', false],
    [
      `ERR The user executing the script can't run this command or subcommand${IN_SCRIPT}`,
      'misconfigured',
      false,
    ],
    [`WRONGTYPE Operation against a key holding the wrong kind of value${IN_SCRIPT}`, 'misconfigured', false],
    [
      `${IN_REDIS_6}WRONGTYPE Operation against a key holding the wrong kind of value`,
      'misconfigured',
      false,
    ],
    [`ERR user_script:3: attempt to compare nil with number${IN_SCRIPT}`, 'misconfigured', false],
    ["ERR unknown command 'EVAL'", 'misconfigured', false],
    ['MOVED 3999 127.0.0.1:6381', 'misconfigured', false],
    ['ASK 3999 127.0.0.1:6381', 'misconfigured', false],
    ["CROSSSLOT Keys in request don't hash to the same slot", 'misconfigured', false],
    ['CLUSTERDOWN Hash slot not served', 'unavailable', false],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'unavailable', false],
    [`${IN_REDIS_6}OOM command not allowed when used memory > 'maxmemory'.`, 'unavailable', false],
    ['LOADING Redis is loading the dataset in memory', 'unavailable', false],
    [
      'MISCONF Redis is configured to save RDB snapshots, but it is unable to persist on disk.',
      'unavailable',
      false,
    ],
    ['NOREPLICAS Not enough good replicas to write.', 'unavailable', false],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'unavailable', false],
    ['UNKILLABLE Sorry the script already executed write commands', 'unavailable', false],
    ['EXECABORT Transaction discarded because of previous errors.', 'unavailable', false],
    ['ERR max number of clients reached', 'unavailable', false],
    ['ERR Protocol error: invalid bulk length', 'unavailable', true],
    ['ERR something that nobody has heard of', 'unavailable', false],
  ] as const)('%j is %s', (message, failure, isBroken) => {
    const error = new SimpleError(message);
    expect([classifyRedisFailure(error), breaksConnection(error)]).toEqual([failure, isBroken]);
  });

  it.each([
    { error: new ClientClosedError(), failure: 'useless_connection' },
    { error: new ClientOfflineError(), failure: 'useless_connection' },
    // The command may have had an effect.
    { error: new SocketClosedUnexpectedlyError(), failure: 'unavailable' },
  ])('$error.message of the client is $failure', ({ error, failure }) => {
    expect([classifyRedisFailure(error), breaksConnection(error)]).toEqual([failure, true]);
  });
});
