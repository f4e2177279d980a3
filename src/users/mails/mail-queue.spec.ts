import { describe, expect, it } from '@jest/globals';
import { PROGRAM } from '../../audit/initiator.js';
import { MailOptions } from '../../mail/mail-options.js';
import type { Outbox } from '../../mail/outbox.js';
import { MemoryOutboxStore } from '../../storage/memory/memory.outbox-store.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { MemoryMailer } from '../../testing/memory-mailer.js';
import { aMail } from '../../testing/samples.js';
import { MemoryTokenStore } from '../memory.token-store.js';
import { MailLimits } from './mail-limits.js';
import { MailQueue } from './mail-queue.js';

const options = new MailOptions({
  mailer: new MemoryMailer(),
  from: 'no-reply@example.com',
  publicUrl: 'https://app.example.com',
  delay: 1000,
});

describe('The queue of mails', () => {
  const queueOn = (store: MemoryOutboxStore) => {
    const clock = new FakeClock();
    const limits = new MailLimits(new MemoryTokenStore(), clock, options);
    return {
      queue: new MailQueue(store, { wake: () => {} } as unknown as Outbox, limits, clock, options),
      clock,
    };
  };

  it('accepts no requests of anyone while 10,000 mails wait, and notices of owners always', async () => {
    const store = new MemoryOutboxStore();
    await store.add(Array.from({ length: 10_000 }, () => aMail()));
    const { queue } = queueOn(store);
    await expect(queue.request('reset_password', 'ann@example.com', PROGRAM)).rejects.toMatchObject({
      code: 'too_many_mails',
    });
    await queue.notify('password_changed', 'ann', 'ann@example.com', PROGRAM);
    expect(await store.count(null)).toBe(10_001);
  });

  it('limits requests by the network of the client, and not those of code without a client', async () => {
    const { queue } = queueOn(new MemoryOutboxStore());
    const by = { ...PROGRAM, via: 'http', ip: '192.0.2.1' } as const;
    const ask = (initiator: typeof PROGRAM) => queue.request('reset_password', 'ann@example.com', initiator);
    for (let count = 0; count < 40; count += 1) await ask(PROGRAM);
    for (let count = 0; count < options.perNetwork; count += 1) await ask(by);
    await expect(ask(by)).rejects.toMatchObject({ code: 'too_many_mails' });
  });

  it('lets mails that anyone can ask for wait for a random time, and no others', () => {
    const { queue, clock } = queueOn(new MemoryOutboxStore());
    const waits = (kind: 'reset_password' | 'password_changed') =>
      Array.from({ length: 50 }, () => {
        const { createdAt } = queue.of({ kind, to: 'ann@example.com', userId: null }, PROGRAM);
        return createdAt.getTime() - clock.now().getTime();
      });
    expect(new Set(waits('password_changed'))).toEqual(new Set([0]));
    const random = waits('reset_password');
    expect(new Set(random).size).toBeGreaterThan(10);
    expect(Math.max(...random)).toBeLessThanOrEqual(1000);
  });
});
