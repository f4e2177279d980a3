import { describe, expect, it } from '@jest/globals';
import type { CanActivate } from '@nestjs/common';
import { anExchange } from '../../test/support/exchange.js';
import { contextOf } from '../../test/support/guards.js';
import { OwnRouteGuard } from './own-route.guard.js';

class Coats {
  mine() {}
}

/** What the guard of our routes answers if the guards answer so, and how many of them it has asked. */
function answerWith(...answers: (boolean | Promise<boolean>)[]) {
  let asked = 0;
  const [auth, roles, body, late, fresh] = answers.map((answer) => ({
    canActivate: () => {
      asked += 1;
      return answer;
    },
  })) as CanActivate[] as never[];
  const guard = new OwnRouteGuard(auth!, roles!, body!, late!, fresh!);
  return { answer: guard.canActivate(contextOf(Coats, 'mine', anExchange().request)), asked: () => asked };
}

describe('The guard of our routes', () => {
  it('admits at once if all guards do', () => {
    const { answer, asked } = answerWith(true, true, true, true, true);
    expect([answer, asked()]).toEqual([true, 5]);
  });

  it('asks the guards in turn, and waits for each', async () => {
    const { answer, asked } = answerWith(true, Promise.resolve(true), true, Promise.resolve(true), true);
    expect(asked()).toBe(2);
    expect([await answer, asked()]).toEqual([true, 5]);
  });

  it.each([0, 1, 2, 3, 4])('refuses if guard %i refuses, and asks no other guard', async (index) => {
    for (const [before, refusal] of [
      [true, false],
      [true, Promise.resolve(false)],
      [Promise.resolve(true), false],
      [Promise.resolve(true), Promise.resolve(false)],
    ] as const) {
      const answers: (boolean | Promise<boolean>)[] = [before, before, before, before, before];
      answers[index] = refusal;
      const { answer, asked } = answerWith(...answers);
      expect([await answer, asked()]).toEqual([false, index + 1]);
    }
  });
});
