import { describe, expect, it } from '@jest/globals';
import { aMessage } from '../../test/support/mail-server.js';
import { MemoryMailer, linkIn, tokenIn } from './memory-mailer.js';

describe('The mailer for tests', () => {
  it('keeps messages and finds the newest to an address', async () => {
    const mailer = new MemoryMailer();
    const mails = ['Ann@example.com', 'ben@example.com', 'ann@example.com'].map((to) => aMessage({ to }));
    for (const mail of mails) await mailer.send(mail);
    expect(mailer.messages).toEqual(mails);
    expect(mailer.lastTo('ANN@example.com')).toBe(mails[2]);
    expect(mailer.lastTo('cleo@example.com')).toBeNull();
    mailer.clear();
    expect(mailer.messages).toEqual([]);
  });

  it('waits for a message with a subject', async () => {
    const mailer = new MemoryMailer();
    const awaited = mailer.waitFor('ann@example.com', { subject: /reset/i });
    const exact = mailer.waitFor('ann@example.com', { subject: 'Reset it' });
    await mailer.send(aMessage({ subject: 'Reset it' }));
    await mailer.send(aMessage({ subject: 'Welcome' }));
    expect((await awaited).subject).toBe('Reset it');
    expect((await exact).subject).toBe('Reset it');
  });

  it('tells to whom mails were sent if the awaited one does not come', async () => {
    const mailer = new MemoryMailer();
    await mailer.send(aMessage({ to: 'ben@example.com' }));
    const awaited = mailer.waitFor('ann@example.com', { timeout: 30 });
    await expect(awaited).rejects.toThrow(
      'No such mail to ann@example.com. Mails were sent to: ben@example.com.',
    );
  });

  it('finds the link and the token in it', () => {
    const mailWith = (text: string) => aMessage({ text });
    expect(linkIn(mailWith('Go to\nhttps://a.example/x#abc\nSoon.'))).toBe('https://a.example/x#abc');
    expect(tokenIn(mailWith('https://a.example/x#abc-_9'))).toBe('abc-_9');
    expect(tokenIn(mailWith('https://a.example/x#/verify?token=abc&x=1'))).toBe('abc');
    expect(() => tokenIn(mailWith('https://a.example/x'))).toThrow('no token');
    expect(() => tokenIn(mailWith('Hello'))).toThrow('no link');
  });
});
