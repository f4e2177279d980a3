import { availableParallelism } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { DomainError } from '../../common/domain-error.js';
import { aTaskOwner } from '../../testing/samples.js';
import { type HashingTask, hashInThread, isCommonPassword } from './hashing-threads.js';

const running = availableParallelism();

/** Owners of tasks, each with its own network and account. */
const ownersOf = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    aTaskOwner({ ip: `192.0.${index >> 8}.${index & 255}`, account: `${index}@example.com` }),
  );

describe('Hashing', () => {
  const settings = bcrypt.genSaltSync(4);
  const argon2id = {
    version: 19 as const,
    salt: Buffer.alloc(16),
    secret: Buffer.alloc(0),
    memoryCost: 64,
    timeCost: 1,
  };

  it.each<[string, (password: string) => HashingTask]>([
    ['bcrypt', (password) => ({ algorithm: 'bcrypt', password, settings })],
    [
      'argon2id',
      (password) => ({ algorithm: 'argon2id', password, ...argon2id, parallelism: 1, outputLen: 32 }),
    ],
  ])('by %s accepts tasks up to its capacity and refuses the others with `busy`', async (_, taskOf) => {
    const room = 51 * running;
    const asked = ownersOf(3 * room).map((owner, index) => hashInThread(taskOf(`password ${index}`), owner));
    const answers = await Promise.allSettled(asked);
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    expect(refusals).toHaveLength(2 * room);
    for (const refusal of refusals) expect(refusal).toEqual(new DomainError('busy'));
    const digests = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.digest] : []));
    expect(new Set(digests).size).toBe(room);
    expect((await hashInThread(taskOf('password 0'), aTaskOwner())).digest).toBe(digests[0]);
  });

  it('computes the same digest as bcrypt', async () => {
    const { digest } = await hashInThread(
      { algorithm: 'bcrypt', password: 'password', settings },
      aTaskOwner(),
    );
    expect(settings + digest).toBe(bcrypt.hashSync('password', settings));
  });

  it.each([
    ['an account', 26, () => aTaskOwner()],
    ['a network', 26, (index: number) => aTaskOwner({ account: `${index}@example.com` })],
  ])('limits %s to its share of hashes and look-ups of common passwords', async (_, share, ownerOf) => {
    const task = { algorithm: 'bcrypt', password: 'password', settings } as const;
    const answers = await Promise.allSettled(
      Array.from({ length: 100 * running }, (__, index) =>
        index % 2 === 0 ? hashInThread(task, ownerOf(index)) : isCommonPassword('x', ownerOf(index)),
      ),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(share * running);
    expect(answers.at(-1)).toMatchObject({ reason: { code: 'too_many_requests', retryAfter: 2 } });
  });
});
