import { describe, expect, it } from '@jest/globals';
import { KeyedMutex } from './keyed-mutex.js';

describe('A keyed mutex', () => {
  it('runs tasks of one key one after another in order, also after a failure', async () => {
    const mutex = new KeyedMutex();
    const events: string[] = [];
    const work = (name: string) => async () => {
      events.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      events.push(`${name} ends`);
      if (name === 'second') throw new Error('Spoilt.');
      return name;
    };
    const results = ['first', 'second', 'third'].map((name) => mutex.run('coat', work(name)));
    expect(await Promise.allSettled(results)).toEqual([
      { status: 'fulfilled', value: 'first' },
      { status: 'rejected', reason: new Error('Spoilt.') },
      { status: 'fulfilled', value: 'third' },
    ]);
    expect(events).toEqual(
      ['first', 'second', 'third'].flatMap((name) => [`${name} begins`, `${name} ends`]),
    );
    expect(await mutex.run('coat', work('fourth'))).toBe('fourth');
  });

  it('makes a later task wait for the running one', async () => {
    const mutex = new KeyedMutex();
    let isDone = false;
    const first = mutex.run('coat', () => Promise.resolve());
    const second = mutex.run('coat', async () => {
      for (let pause = 0; pause < 3; pause += 1) await new Promise((resolve) => setImmediate(resolve));
      isDone = true;
    });
    await first;
    await new Promise((resolve) => setImmediate(resolve));
    expect(await mutex.run('coat', () => Promise.resolve(isDone))).toBe(true);
    await second;
  });

  it('does not wait for tasks of another key', async () => {
    const mutex = new KeyedMutex();
    let leave = () => {};
    const first = mutex.run('coat', () => new Promise<void>((resolve) => (leave = resolve)));
    expect(await mutex.run('hat', () => Promise.resolve('done'))).toBe('done');
    leave();
    await first;
  });
});
