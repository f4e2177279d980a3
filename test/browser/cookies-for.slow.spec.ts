import { afterAll, expect, it } from '@jest/globals';
import { cookiesFor, loginAs } from 'coatcheck/testing';
import { TestApp } from '../support/app.js';
import {
  closeBrowsers,
  describeWithBrowser,
  inBrowser,
  newCertificate,
  openBrowser,
} from '../support/browser.js';

const EMAIL = 'ann@example.com';
const PRODUCTION = { NODE_ENV: 'production', MFA: 'off', PASSWORD_HASH_COST: '10', API_DOCS: 'on' };

describeWithBrowser('The cookies that cookiesFor gives to a browser', () => {
  afterAll(closeBrowsers);

  it.each([
    ['over HTTP', {}, false],
    ['over HTTPS, with the prefix __Host-', PRODUCTION, true],
  ])('sign the user in %s, until a page signs out', (_, variables, isHttps) =>
    inBrowser(async () => {
      const httpsOptions = isHttps ? newCertificate() : undefined;
      const app = await TestApp.start(variables, {}, { httpsOptions });
      const browser = await openBrowser();
      try {
        const context = await browser.newContext();
        const page = await context.newPage();
        const url = `${app.root}/api/v1/users/me`;
        expect((await page.goto(url))?.status()).toBe(401);
        await context.addCookies(cookiesFor(await loginAs(app.nest, { email: EMAIL }), '127.0.0.1'));
        expect(await (await page.goto(url))?.json()).toMatchObject({ email: EMAIL });
        // The policy of the other responses allows no page to fetch anything.
        await page.goto(`${app.root}/docs`);
        const signOut = () => fetch('/api/v1/auth_session/logout', { method: 'DELETE' });
        await page.evaluate(`(${signOut.toString()})()`);
        expect((await page.goto(url))?.status()).toBe(401);
        expect(await context.cookies()).toEqual([]);
      } finally {
        await browser.close();
        await app.stop();
      }
    }),
  );
});
