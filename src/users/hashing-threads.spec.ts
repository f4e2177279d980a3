import { availableParallelism } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { DomainError } from '../common/domain-error.js';
import { type HashingTask, hashInThread, isCommonPassword } from './hashing-threads.js';

const room = 51 * availableParallelism();

describe('Hashing', () => {
  const settings = bcrypt.genSaltSync(4);
  const argon2id = { salt: Buffer.alloc(16), secret: Buffer.alloc(0), memoryCost: 64, timeCost: 1 };

  it.each<[string, (password: string) => HashingTask]>([
    ['bcrypt', (password) => ({ scheme: 'bcrypt', password, settings })],
    [
      'argon2id',
      (password) => ({ scheme: 'argon2id', password, ...argon2id, parallelism: 1, outputLen: 32 }),
    ],
  ])('by %s serves as many at once as there is room for, and tells the others at once', async (_, taskOf) => {
    const asked = Array.from({ length: 3 * room }, (__, index) => hashInThread(taskOf(`password ${index}`)));
    const answers = await Promise.allSettled(asked);
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    expect(refusals).toHaveLength(2 * room);
    for (const refusal of refusals) expect(refusal).toEqual(new DomainError('busy'));
    const digests = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.digest] : []));
    expect(new Set(digests).size).toBe(room);
    expect((await hashInThread(taskOf('password 0'))).digest).toBe(digests[0]);
  });

  it('gives the digest that bcrypt gives', async () => {
    const { digest } = await hashInThread({ scheme: 'bcrypt', password: 'password', settings });
    expect(settings + digest).toBe(bcrypt.hashSync('password', settings));
  });

  it('leaves as little room to questions after common passwords', async () => {
    const answers = await Promise.allSettled(Array.from({ length: 2 * room }, () => isCommonPassword('x')));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(room);
    expect(answers.at(-1)).toEqual({ status: 'rejected', reason: new DomainError('busy') });
  });
});
