import { type Server, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { TestApp } from '../support/app.js';
import { describeWithBrowser, openBrowser } from '../support/browser.js';

const PATH = '/somewhere/auth';

describeWithBrowser('The page of the API, under a sub-path of a proxy', () => {
  let browser: Browser;
  let app: TestApp;
  let proxy: Server;
  let root: string;

  beforeAll(async () => {
    [browser, app] = await Promise.all([openBrowser(), TestApp.start()]);
    const { port } = new URL(app.root);
    // As `location /somewhere/auth/ { proxy_pass http://app/; }` of nginx does.
    proxy = createServer(({ url = '', method, headers }, response) => {
      if (!url.startsWith(`${PATH}/`)) {
        response.writeHead(418).end();
        return;
      }
      const options = { port, host: '127.0.0.1', path: url.slice(PATH.length), method, headers };
      request(options, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      }).end();
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    root = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${PATH}`;
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    proxy?.close();
    await app?.stop();
  });

  it.each(['/docs', '/docs/', '/api/v1/docs', '/api/v1/docs/'])(
    'tries an operation out from %s, and reaches it',
    async (path) => {
      const page = await browser.newPage();
      const failed: string[] = [];
      page.on('response', (answer) => void (answer.status() >= 400 && failed.push(answer.url())));
      page.on('pageerror', (error) => void failed.push(error.message));
      await page.goto(root + path);
      const operation = page.locator('#operations-service-getStatus');
      await operation.locator('.opblock-summary-control').click();
      await operation.getByRole('button', { name: 'Try it out' }).click();
      const answer = page.waitForResponse(`${root}/api/v1/status`);
      await operation.getByRole('button', { name: 'Execute' }).click();
      expect(await (await answer).json()).toEqual({ status: 'OK' });
      expect(failed).toEqual([]);
      await page.close();
    },
  );
});
