import { type Server, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { closeBrowsers, describeWithBrowser, inBrowser, openBrowser } from '../support/browser.js';

const PATH = '/somewhere/auth';

describeWithBrowser('The page of the API, under a sub-path of a proxy', () => {
  let app: TestApp;
  let proxy: Server;
  let root: string;

  beforeAll(async () => {
    app = await TestApp.start();
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
  });

  afterAll(async () => {
    await closeBrowsers();
    proxy?.close();
    await app?.stop();
  });

  it.each(['/docs', '/docs/', '/api/v1/docs', '/api/v1/docs/'])(
    'tries an operation out from %s, and reaches it',
    (path) =>
      inBrowser(async () => {
        const browser = await openBrowser();
        const page = await browser.newPage();
        const failed: string[] = [];
        page.on('response', (answer) => void (answer.status() >= 400 && failed.push(answer.url())));
        page.on('pageerror', (error) => void failed.push(error.message));
        await page.goto(root + path);
        const operation = page.locator('#operations-service-getStatus');
        await operation.locator('.opblock-summary-control').click();
        await operation.getByRole('button', { name: 'Try it out' }).click();
        const [answer] = await Promise.all([
          page.waitForResponse(`${root}/api/v1/status`),
          operation.getByRole('button', { name: 'Execute' }).click(),
        ]);
        expect(await answer.json()).toEqual({ status: 'OK' });
        expect(failed).toEqual([]);
        await browser.close();
      }),
  );
});
