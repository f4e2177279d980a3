import { availableParallelism } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { DomainError } from '../common/domain-error.js';
import { hashInThread } from './hashing-threads.js';

const room = 51 * availableParallelism();

describe('Hashing', () => {
  it('serves as many at once as there is room for, and tells the others at once', async () => {
    const salt = bcrypt.genSaltSync(4);
    const asked = Array.from({ length: 3 * room }, (_, index) => hashInThread(`password ${index}`, salt));
    const answers = await Promise.allSettled(asked);
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    expect(refusals).toHaveLength(2 * room);
    for (const refusal of refusals) expect(refusal).toEqual(new DomainError('busy'));
    expect(answers[0]).toEqual({ status: 'fulfilled', value: bcrypt.hashSync('password 0', salt) });
    expect(await hashInThread('afterwards', salt)).toBe(bcrypt.hashSync('afterwards', salt));
  });
});
