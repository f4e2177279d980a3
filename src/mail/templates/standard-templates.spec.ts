import { describe, expect, it } from '@jest/globals';
import type { MailContent } from '../mail-templates.js';
import { MAIL_KINDS, type MailKind } from '../outbox-mail.js';
import { StandardTemplates } from './standard-templates.js';

const templates = new StandardTemplates();
const LINK = 'https://service.example/page?a=1&b=2#token-0123456789abcdef';
const LINKED = /href="([^"]+)"/g;

/** Kinds in which the values are shown. */
const MOST: MailContent = {
  kind: 'verify_email',
  service: 'Example',
  to: 'ann@example.com',
  name: 'Ann',
  link: LINK,
  validFor: 30 * 60_000,
  at: new Date('2026-01-01T12:00:00.000Z'),
  device: 'Firefox 147.0 on Linux',
  ip: '2001:db8::1',
  otherAddress: 'new@example.com',
  label: 'Backup script',
  factorChange: 'totp_added',
};
const LEAST: MailContent = {
  ...MOST,
  name: null,
  link: null,
  validFor: null,
  device: null,
  ip: null,
  otherAddress: null,
  label: null,
  factorChange: null,
};
const HOSTILE = `<img src=x onerror=alert(1)>"'&\r\nBcc: eve\u202e\u0000\u200b`;

const all = templates.languages.flatMap((language) =>
  MAIL_KINDS.map((kind) => [language, kind] as const satisfies [string, MailKind]),
);

describe.each(all)('The standard template in %s of %s', (language, kind) => {
  const render = (content: MailContent) => templates.render({ ...content, kind }, language);

  it('has a subject of one line, text and HTML, and no values that are not there', () => {
    for (const content of [MOST, LEAST]) {
      const { subject, text, html } = render(content);
      expect(subject).toMatch(/^[^\p{C}]{10,150}$/u);
      expect(html).toContain(`<html lang="${language}">`);
      expect(text.length).toBeGreaterThan(100);
      for (const part of [subject, text, html.replace(/<style>[^]*<\/style>/, '')])
        expect(part).not.toMatch(/undefined|null|NaN|\[object|\$\{|\{\{| {2,}|\s[.,]\s/);
    }
  });

  it('has the same link in text and HTML, as a button and to be read, and no other address', () => {
    const { text, html } = render(MOST);
    expect(text.split('\n')).toContain(LINK);
    const encoded = LINK.replaceAll('&', '&amp;');
    expect([...html.matchAll(LINKED)].map((match) => match[1])).toEqual([encoded, encoded]);
    expect(html).toContain(`>${encoded}</a>`);
    for (const body of [text, html])
      expect(body.replaceAll(encoded, '').replaceAll(LINK, '')).not.toMatch(/https?:|\/\/\w|www\./);
    expect(html).not.toMatch(
      /<(img|script|link|iframe|form|svg|video|object)\b|url\(|@import|@font-face|src=/i,
    );
  });

  it('has no button and no hint without a link', () => {
    const { text, html } = render(LEAST);
    expect(html).not.toContain('<a ');
    expect(text).not.toMatch(/:\n\n/);
  });

  it('escapes and shortens what people typed', () => {
    const content = { ...MOST, service: HOSTILE, to: HOSTILE, name: HOSTILE, device: HOSTILE };
    const { subject, text, html } = render({
      ...content,
      ip: HOSTILE,
      otherAddress: HOSTILE,
      label: HOSTILE,
    });
    expect(subject).not.toMatch(/[\p{C}]/u);
    expect(html).not.toMatch(/<img|\p{Cf}/u);
    expect(html).toContain('&lt;img src=x onerror=');
    expect(text.replaceAll('\n', ' ')).not.toMatch(/\p{C}/u);
    expect(text).not.toMatch(/^Bcc/m);
    const long = 'x'.repeat(5_000);
    const shortened = render({
      ...MOST,
      service: long,
      to: long,
      name: long,
      device: long,
      ip: long,
      otherAddress: long,
      label: long,
    });
    expect(shortened.text.length).toBeLessThan(3_000);
  });

  it('says what was typed as a link in no way', () => {
    for (const typed of ['evil.example', 'See https://evil', 'www.evil', 'ann@evil', 'evil。example']) {
      const { text, html } = render({ ...MOST, name: typed, label: typed, device: typed });
      expect(text + html).not.toContain('evil');
    }
    expect(render({ ...MOST, name: 'J.R. O’Hara' }).text).toContain('J.R. O’Hara');
  });
});

describe('The standard templates', () => {
  it('show time, device, address and name', () => {
    const { text, html } = templates.render({ ...MOST, kind: 'new_sign_in' }, 'en');
    for (const shown of [
      'Hello Ann,',
      '1 January 2026 at 12:00 UTC',
      'Firefox 147.0 on Linux',
      '2001:db8::1',
    ]) {
      expect(text).toContain(shown);
      expect(html).toContain(shown);
    }
    const german = templates.render({ ...MOST, kind: 'new_sign_in' }, 'de').text;
    expect(german).toContain('Zeit: 1. Januar 2026 um 12:00 UTC');
  });

  it('show the link before the details if it is why they are sent, and after them if not', () => {
    const order = (content: MailContent) =>
      Object.values(templates.render(content, 'en'))
        .slice(1)
        .map((body: string) => body.indexOf(content.ip!) < body.indexOf('page?a=1'));
    expect(order({ ...MOST, kind: 'verify_email' })).toEqual([false, false]);
    expect(order({ ...MOST, kind: 'new_sign_in', validFor: null })).toEqual([true, true]);
  });

  it('show the other address and the label', () => {
    for (const language of templates.languages) {
      const address = templates.render({ ...MOST, kind: 'address_changing' }, language);
      expect(address.text).toContain('new@example.com');
      const token = templates.render({ ...MOST, kind: 'access_token_created' }, language);
      expect(token.text).toContain('Backup script');
    }
  });

  it.each([
    [30 * 60_000, '30 minutes', '30 Minuten'],
    [60 * 60_000, '1 hour', '1 Stunde'],
    [24 * 3_600_000, '24 hours', '24 Stunden'],
    [72 * 3_600_000, '3 days', '3 Tage'],
    [90 * 60_000, '90 minutes', '90 Minuten'],
    [1_000, '1 minute', '1 Minute'],
  ])('write %i ms as %s and %s', (validFor, english, german) => {
    expect(templates.render({ ...MOST, validFor }, 'en').text).toContain(`valid for ${english} `);
    expect(templates.render({ ...MOST, validFor }, 'de').text).toContain(`ist ${german} gültig`);
  });

  it('use English for a language they do not have', () => {
    for (const language of ['fr', '', 'constructor', '__proto__'])
      expect(templates.render(MOST, language)).toEqual(templates.render(MOST, 'en'));
  });
});
