import { afterAll, expect, it, jest } from '@jest/globals';
import { closeBrowsers, describeWithBrowser, inBrowser, openBrowser } from '../support/browser.js';

describeWithBrowser('Tests in a browser', () => {
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
  const tried: string[] = [];

  afterAll(closeBrowsers);

  it('are repeated in another browser, with a warning, the first time that one hangs', async () => {
    await inBrowser(async () => {
      const page = await (await openBrowser()).newPage();
      tried.push('first');
      if (tried.length === 1) await page.evaluate('new Promise(() => {})');
    }, 3_000);
    expect(tried).toEqual(['first', 'first']);
    expect(warn.mock.calls.join()).toMatch(/repeated once.*within 3 seconds.*about:blank answers/s);
  });

  it('are not repeated where they fail otherwise', async () => {
    const failing = inBrowser(async () => {
      tried.push('failing');
      expect(1).toBe(2);
    });
    await expect(failing).rejects.toThrow('toBe');
    expect(tried).toEqual(['first', 'first', 'failing']);
  });

  it('fail the second time, also of a page that crashed, and all later ones fail untried', async () => {
    const crash = inBrowser(async () => {
      const page = await (await openBrowser()).newPage();
      await page.goto('chrome://crash').catch(() => {});
      await page.evaluate('1');
    });
    await expect(crash).rejects.toThrow(/hung again.*crashed.*does not answer/s);
    await expect(inBrowser(async () => void tried.push('third'))).rejects.toThrow('Not tried');
    expect(tried).not.toContain('third');
  });
});
