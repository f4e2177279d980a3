import { describe, expect, it } from '@jest/globals';
import { KeyedMutex } from './keyed-mutex.js';

describe('KeyedMutex', () => {
  it('are taken one after another on the same subject, in the order of asking, whatever becomes of each', async () => {
    const turns = new KeyedMutex();
    const events: string[] = [];
    const work = (name: string) => async () => {
      events.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      events.push(`${name} ends`);
      if (name === 'second') throw new Error('Spoilt.');
      return name;
    };
    const taken = ['first', 'second', 'third'].map((name) => turns.take('coat', work(name)));
    expect(await Promise.allSettled(taken)).toEqual([
      { status: 'fulfilled', value: 'first' },
      { status: 'rejected', reason: new Error('Spoilt.') },
      { status: 'fulfilled', value: 'third' },
    ]);
    expect(events).toEqual(
      ['first', 'second', 'third'].flatMap((name) => [`${name} begins`, `${name} ends`]),
    );
    expect(await turns.take('coat', work('fourth'))).toBe('fourth');
  });

  it('are waited for by who comes when others are over', async () => {
    const turns = new KeyedMutex();
    let isOver = false;
    const first = turns.take('coat', () => Promise.resolve());
    const second = turns.take('coat', async () => {
      for (let pause = 0; pause < 3; pause += 1) await new Promise((resolve) => setImmediate(resolve));
      isOver = true;
    });
    await first;
    await new Promise((resolve) => setImmediate(resolve));
    expect(await turns.take('coat', () => Promise.resolve(isOver))).toBe(true);
    await second;
  });

  it('do not wait for another subject', async () => {
    const turns = new KeyedMutex();
    let leave = () => {};
    const first = turns.take('coat', () => new Promise<void>((resolve) => (leave = resolve)));
    expect(await turns.take('hat', () => Promise.resolve('done'))).toBe('done');
    leave();
    await first;
  });
});
