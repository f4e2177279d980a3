import { type MailContent, MailTemplates, type RenderedMail } from '../mail-templates.js';
import { de } from './de.js';
import { en } from './en.js';
import { type MailPage, htmlOf, textOf } from './layout.js';
import type { MailTexts } from './mail-texts.js';
import { harmless, oneLine } from './untrusted-text.js';

/** The most characters of each value that others have chosen. */
const LONGEST = { service: 80, name: 40, device: 80, ip: 45, label: 60, address: 254, subject: 150 } as const;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const TEXTS: Readonly<Record<string, MailTexts>> = { en, de };

/** Short texts in English and German, each as plain text and as HTML without images. */
export class StandardTemplates extends MailTemplates {
  readonly languages = ['en', 'de'] as const;

  render(content: MailContent, language: string): RenderedMail {
    const known = Object.hasOwn(TEXTS, language) ? language : this.languages[0];
    const texts = TEXTS[known]!;
    const { device, ip } = content;
    const facts = {
      service: oneLine(content.service, LONGEST.service),
      to: oneLine(content.to, LONGEST.address),
      validFor: content.validFor === null ? null : durationIn(texts.locale, content.validFor),
      otherAddress: content.otherAddress === null ? null : oneLine(content.otherAddress, LONGEST.address),
      label: harmless(content.label, LONGEST.label),
      factorChange: content.factorChange,
    };
    const { subject, ...text } = texts.kinds[content.kind](facts);
    const title = oneLine(subject, LONGEST.subject);
    const details = [
      [texts.when, timeIn(texts.locale, content.at)],
      [texts.device, harmless(device, LONGEST.device)],
      [texts.ip, ip === null ? null : oneLine(ip, LONGEST.ip)],
    ].filter((detail): detail is [string, string] => detail[1] !== null);
    const page: MailPage = {
      ...text,
      language: known,
      title,
      greeting: texts.greeting(harmless(content.name, LONGEST.name)),
      link: content.link,
      linkHint: texts.linkHint,
      details,
      linkFirst: content.validFor !== null,
      footer: texts.footer(facts),
    };
    return { subject: title, text: textOf(page), html: htmlOf(page) };
  }
}

/** Such as `1 January 2026 at 12:00 UTC`. */
function timeIn(locale: string, at: Date): string {
  const format = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  return `${format.format(at)} UTC`;
}

/** Whole days, hours or minutes, such as `30 minutes`, `24 hours` or `3 days`; rounded down, at least one minute. */
function durationIn(locale: string, ms: number): string {
  const [unit, length] =
    ms % DAY === 0 && ms > DAY
      ? (['day', DAY] as const)
      : ms % HOUR === 0
        ? (['hour', HOUR] as const)
        : (['minute', MINUTE] as const);
  const format = new Intl.NumberFormat(locale, {
    style: 'unit',
    unit,
    unitDisplay: 'long',
    useGrouping: false,
  });
  return format.format(Math.max(Math.floor(ms / length), 1));
}
