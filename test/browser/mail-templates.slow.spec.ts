import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { MAIL_KINDS, type MailContent, StandardTemplates } from 'coatcheck';
import type { Page } from 'playwright-core';
import { closeBrowsers, describeWithBrowser, inBrowser, openBrowser } from '../support/browser.js';

/** A folder for screenshots of all mails; none are made without it. */
const SCREENSHOTS = process.env.MAIL_SCREENSHOTS;

const CONTENT: Omit<MailContent, 'kind'> = {
  service: 'Example Service',
  to: 'a-rather-long-name-of-a-person@a-rather-long-sub-domain.example.com',
  name: 'Maximiliane',
  link: `https://accounts.example.com/set-a-password#${'0123456789abcdef'.repeat(4)}`,
  validFor: 30 * 60_000,
  at: new Date('2026-01-01T12:00:00.000Z'),
  device: 'Firefox on Linux',
  ip: '2001:db8:85a3:8d3:1319:8a2e:370:7348',
  otherAddress: 'another-rather-long-name-of-a-person@a-rather-long-sub-domain.example.com',
  factorChange: 'totp_added',
  label: 'W'.repeat(60),
};

/** In the page: the least contrast of a text with its background (WCAG 2, relative luminance), and that text. */
const LEAST_CONTRAST = `(() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = channels(color).map((one) => one / 255).map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      if ((channels(color)[3] ?? 1) > 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = [...document.body.querySelectorAll('*')].filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  return texts.map((element) => {
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
    return { ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), text: element.textContent.slice(0, 40) };
  }).toSorted((a, b) => a.ratio - b.ratio)[0];
})()`;

describeWithBrowser('A mail in a browser', () => {
  const templates = new StandardTemplates();
  afterAll(closeBrowsers);

  async function forEachMail(check: (page: Page, width: number, name: string) => Promise<void>) {
    await inBrowser(async () => {
      const browser = await openBrowser();
      for (const width of [360, 800])
        for (const colorScheme of ['light', 'dark'] as const) {
          const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
          const page = await context.newPage();
          const requests: string[] = [];
          page.on('request', (request) => requests.push(request.url()));
          for (const language of templates.languages)
            for (const kind of MAIL_KINDS) {
              await page.setContent(templates.render({ ...CONTENT, kind }, language).html);
              await check(page, width, `${kind}.${language}.${width}.${colorScheme}`);
            }
          expect(requests).toEqual([]);
          await context.close();
        }
    }, 120_000);
  }

  it('fits into 360 pixels, can be read in light and dark, and fetches nothing', async () => {
    if (SCREENSHOTS) mkdirSync(SCREENSHOTS, { recursive: true });
    const faults: unknown[] = [];
    await forEachMail(async (page, width, name) => {
      const scrolled = await page.evaluate<number>('document.documentElement.scrollWidth');
      const least = await page.evaluate<{ ratio: number; text: string }>(LEAST_CONTRAST);
      const button = await page.locator('.button a').boundingBox();
      if (scrolled > width || least.ratio < 4.5 || (button?.height ?? 0) < 44)
        faults.push({ name, scrolled, least, button });
      if (SCREENSHOTS) await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
    });
    expect(faults).toEqual([]);
  });
});
