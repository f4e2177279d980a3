import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { DomainError } from '../../common/domain-error.js';
import { aTaskOwner } from '../../testing/samples.js';
import { FairQueue, type TaskOwner } from './fair-queue.js';

const LIMITS = { running: 1, waiting: 12, perNetwork: 6, perAccount: 3, holdBack: 0 };
const HERE = '192.0.2.1';
const THERE = '198.51.100.1';

describe('FairQueue', () => {
  let queue: FairQueue;
  /** The names of tasks in the order of their start, and the errors of refused tasks. */
  let begun: string[];
  let refused: Record<string, unknown>;
  let finish: (() => void)[];

  beforeEach(() => {
    queue = new FairQueue(LIMITS);
    [begun, refused, finish] = [[], {}, []];
  });

  /** Longer than the delay of refusals here. */
  const turn = () => new Promise((resolve) => setTimeout(resolve, 3));
  const ask = (
    name: string,
    account: string | null,
    ip: string | null,
    connection: TaskOwner['connection'] = null,
  ) => {
    const work = () => {
      begun.push(name);
      return new Promise<void>((resolve) => finish.push(resolve));
    };
    queue
      .run(aTaskOwner({ account, ip, connection }), work)
      .catch((error: unknown) => (refused[name] = error));
  };
  const flood = (count: number, accountOf: (index: number) => string, ipOf: (index: number) => string) => {
    for (let index = 0; index < count; index += 1) ask(`flood ${index}`, accountOf(index), ipOf(index));
  };
  /** Lets every task run to its end. */
  const finishAll = async () => {
    await turn();
    while (finish.length > 0) {
      finish.shift()!();
      await turn();
    }
  };
  const codes = () =>
    Object.values(refused).map((error) => (error instanceof DomainError ? error.code : error));

  it('runs a task at once if few are running, and returns its result', async () => {
    const owner = aTaskOwner();
    await expect(queue.run(owner, () => Promise.resolve(7))).resolves.toBe(7);
    await expect(queue.run(owner, () => Promise.reject(new Error('it failed')))).rejects.toThrow('it failed');
    ask('next', 'ann', HERE);
    await turn();
    expect(begun).toEqual(['next']);
  });

  it('never runs more tasks than the limit', async () => {
    queue = new FairQueue({ ...LIMITS, running: 2 });
    for (const name of ['a', 'b', 'c', 'd']) ask(name, name, HERE);
    await turn();
    expect(begun).toEqual(['a', 'b']);
    finish.shift()!();
    await turn();
    expect(begun).toEqual(['a', 'b', 'c']);
  });

  it('lets networks take turns', async () => {
    for (const name of ['a1', 'a2', 'a3', 'a4']) ask(name, name, HERE);
    for (const name of ['b1', 'b2']) ask(name, name, THERE);
    await finishAll();
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3', 'b2', 'a4']);
  });

  it('lets the accounts of a network take turns', async () => {
    for (const name of ['a1', 'a2', 'a3', 'a4']) ask(name, 'ann', HERE);
    for (const name of ['b1', 'b2']) ask(name, 'ben', HERE);
    await finishAll();
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3', 'b2', 'a4']);
  });

  it('gives an account one turn even if it uses many networks', async () => {
    flood(
      4,
      () => 'ann',
      (index) => `192.0.2.${index}`,
    );
    for (const name of ['b1', 'b2', 'b3']) ask(name, name, THERE);
    await finishAll();
    expect(begun).toEqual(['flood 0', 'flood 1', 'b1', 'flood 2', 'b2', 'flood 3', 'b3']);
  });

  it('does not let a stream of new networks starve waiting tasks', async () => {
    for (const name of ['running', 'waiting 1', 'waiting 2']) ask(name, name, HERE);
    for (let round = 0; round < 5; round += 1) {
      ask(`new ${round}`, `new ${round}`, `198.51.100.${round}`);
      await turn();
      finish.shift()!();
      await turn();
    }
    expect(begun.slice(0, 4)).toEqual(['running', 'waiting 1', 'new 0', 'waiting 2']);
  });

  it('makes a returning account wait behind a new one', async () => {
    ask('running', 'cat', HERE);
    ask('ann', 'ann', HERE);
    await turn();
    finish.shift()!();
    await turn();
    ask('ben', 'ben', THERE);
    ask('ann again', 'ann', HERE);
    await finishAll();
    expect(begun).toEqual(['running', 'ann', 'ben', 'ann again']);
  });

  it.each<[string, number, (index: number) => string, (index: number) => string]>([
    ['an account has its share', 3, () => 'ann', () => HERE],
    ['an account has its share from many networks', 3, () => 'ann', (index) => `192.0.2.${index}`],
    ['a network has its share', 6, (index) => `account ${index}`, () => HERE],
  ])('refuses with 429 and Retry-After if %s waiting', async (_, share, accountOf, ipOf) => {
    flood(30, accountOf, ipOf);
    await turn();
    expect(codes()).toEqual(Array.from({ length: 29 - share }, () => 'too_many_requests'));
    for (const error of Object.values(refused)) expect(error).toMatchObject({ retryAfter: 2 });
    await finishAll();
    expect(begun).toHaveLength(1 + share);
  });

  it('accepts other tasks if an account or a network has its share waiting', async () => {
    flood(
      30,
      () => 'ann',
      () => HERE,
    );
    ask('same network', 'ben', HERE);
    ask('elsewhere', 'cat', THERE);
    await finishAll();
    expect(begun).toEqual(expect.arrayContaining(['same network', 'elsewhere']));
  });

  it.each<[string, (index: number) => string]>([
    ['one network', () => HERE],
    ['few networks', (index) => `192.0.2.${index % 2}`],
  ])('prefers the owner of an account to a flood for it from %s', async (_, ipOf) => {
    flood(30, () => 'ann', ipOf);
    ask('owner', 'ann', THERE);
    await finishAll();
    expect(begun).toContain('owner');
  });

  it('refuses tasks of the largest account for another account of a full network', async () => {
    for (const account of ['ann', 'ben'])
      for (let made = 0; made < 4; made += 1) ask(`${account} ${made}`, account, HERE);
    ask('cat', 'cat', HERE);
    await turn();
    expect(Object.keys(refused)).toEqual(['ben 3', 'ben 2']);
    await finishAll();
    expect(begun).toContain('cat');
  });

  it('counts tasks without an account as one account that may use the whole share of its network', async () => {
    for (let made = 0; made < 8; made += 1) ask(`registration ${made}`, null, HERE);
    ask('sign-in', 'ann', HERE);
    await finishAll();
    expect(Object.keys(refused)).toEqual(['registration 7', 'registration 6']);
    expect(begun.slice(0, 3)).toEqual(['registration 0', 'registration 1', 'sign-in']);
  });

  it('refuses tasks of the largest network if the queue is full', async () => {
    flood(
      13,
      (index) => `account ${index}`,
      (index) => (index <= 6 ? HERE : THERE),
    );
    for (let made = 0; made < 4; made += 1) ask(`other ${made}`, `other ${made}`, `203.0.113.${made}`);
    await turn();
    expect(Object.keys(refused)).toEqual(['flood 12', 'flood 6', 'flood 11', 'flood 5']);
    expect(new Set(codes())).toEqual(new Set(['too_many_requests']));
  });

  it('refuses with `busy` if the queue is full and no network has more tasks waiting', async () => {
    flood(
      15,
      (index) => `account ${index}`,
      (index) => `192.0.2.${index}`,
    );
    await turn();
    expect(refused).toEqual({ 'flood 13': new DomainError('busy'), 'flood 14': new DomainError('busy') });
  });

  it('neither runs nor counts tasks of closed connections', async () => {
    const connection = { destroyed: false };
    ask('running', 'ann', HERE);
    for (let made = 0; made < 3; made += 1) ask(`gone ${made}`, 'ann', HERE, connection);
    connection.destroyed = true;
    for (let made = 0; made < 3; made += 1) ask(`there ${made}`, 'ann', HERE);
    await finishAll();
    expect(begun).toEqual(['running', 'there 0', 'there 1', 'there 2']);
    expect(Object.keys(refused)).toEqual(['gone 0', 'gone 1', 'gone 2']);
  });

  it('skips a task whose connection closes while it waits', async () => {
    const connection = { destroyed: false };
    ask('running', 'ann', HERE);
    ask('gone', 'ann', HERE, connection);
    ask('there', 'ann', HERE);
    connection.destroyed = true;
    await finishAll();
    expect(begun).toEqual(['running', 'there']);
    expect(Object.keys(refused)).toEqual(['gone']);
  });

  it('delays only refusals for an exceeded share', async () => {
    queue = new FairQueue({ ...LIMITS, holdBack: 200 });
    for (let made = 0; made < 5; made += 1) ask(`ann ${made}`, 'ann', HERE);
    flood(
      12,
      (index) => `account ${index}`,
      (index) => `198.51.100.${index}`,
    );
    await turn();
    expect(codes()).toEqual(['busy']);
    await delay(250);
    expect(codes()).toEqual(['busy', ...Array<string>(3).fill('too_many_requests')]);
  });

  it('delays at most a thousand refusals at a time', async () => {
    queue = new FairQueue({ ...LIMITS, holdBack: 10_000 });
    for (let made = 0; made < 1010; made += 1) ask(`ann ${made}`, 'ann', HERE);
    await turn();
    expect(codes()).toEqual(Array<string>(6).fill('too_many_requests'));
    expect(Object.values(refused)[0]).toMatchObject({ retryAfter: 2 });
  });

  it('accepts new tasks after all tasks have finished', async () => {
    for (let round = 0; round < 3; round += 1) {
      flood(
        30,
        (index) => `account ${index}`,
        () => HERE,
      );
      await finishAll();
      expect(begun.splice(0)).toHaveLength(7);
    }
  });
});
