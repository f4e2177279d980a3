import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { type Browser, type BrowserContext, chromium, errors } from 'playwright-core';
import { describeIf } from './describe-if.js';
import { tell } from './processes.js';
import { newFolder } from './server.js';

const CHROMIUM = process.env.TEST_CHROMIUM ?? '/usr/bin/chromium';

/** `describe` where a Chromium can be started, and OpenSSL; elsewhere it is skipped aloud, and with `CI=true` fails. */
export const describeWithBrowser = await describeIf('Chromium', 'TEST_CHROMIUM', () => {
  execFileSync(CHROMIUM, ['--version'], { stdio: 'ignore' });
  execFileSync('openssl', ['version'], { stdio: 'ignore' });
});

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** A certificate that nobody has signed, for the hosts of a test. */
export function newCertificate(): Certificate {
  const folder = newFolder();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const what = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const files = ['-subj', '/CN=test', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', ...what, ...files], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

/** Milliseconds that a test in a browser may take; they take some seconds, on a slow and busy machine twenty. */
const LIMIT = 45_000;

/** What has not ended in time. */
class Overdue extends Error {}

/** The process ids of the browsers that are open. */
const opened = new Map<Browser, number>();

/** The tests of this suite in which a browser hung. */
const hung: string[] = [];

/** A browser for which every host whose name ends in `.test` is this machine, and every certificate is good. */
export async function openBrowser(): Promise<Browser> {
  const args = ['--host-resolver-rules=MAP *.test 127.0.0.1', '--ignore-certificate-errors'];
  const browser = await chromium.launch({ executablePath: CHROMIUM, args, timeout: LIMIT });
  await remember(browser);
  return browser;
}

/** A browser that keeps in a folder what browsers keep when they are closed. */
export async function openProfile(folder: string): Promise<BrowserContext> {
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: CHROMIUM,
    timeout: LIMIT,
  });
  await remember(context.browser()!);
  return context;
}

async function remember(browser: Browser): Promise<void> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  browser.on('disconnected', () => opened.delete(browser));
  opened.set(browser, processInfo.find(({ type }) => type === 'browser')!.id);
}

/** Closes the browsers that are open; one that hangs is killed. */
export async function closeBrowsers(): Promise<void> {
  await Promise.all(
    [...opened].map(async ([browser, pid]) => {
      const closed = browser.close();
      await inTime('Closing', closed, 5_000).catch(() => tell(pid, 'SIGKILL'));
      await closed;
    }),
  );
}

/**
 * Runs the steps of a test, which open the browsers they need. If a browser hangs or breaks, all are closed, and the steps
 * run once more; after the second time in a suite, every further test of it fails at once.
 */
export async function inBrowser(steps: () => Promise<void>, limit = LIMIT): Promise<void> {
  if (hung.length > 1) throw new Error('Not tried: a browser hung twice in earlier tests of this suite.');
  try {
    await inTime('The test', steps(), limit);
  } catch (error) {
    if (!(error instanceof Error) || !isHang(error)) throw error;
    hung.push(`"${expect.getState().currentTestName}": ${error.message} Pages: ${await pagesOpen()}.`);
    await closeBrowsers();
    if (hung.length > 1) throw new Error(`The browser hung again, in ${hung[1]}`, { cause: error });
    console.warn(`The browser hung and is replaced, and this test is repeated once. It hung in ${hung[0]}`);
    await inBrowser(steps, limit);
  }
}

/** The result of a step in a browser: Playwright waits for some of them without a limit. */
export async function inTime<T>(step: string, result: Promise<T>, limit: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    const fail = () => reject(new Overdue(`${step} has not ended within ${limit / 1000} seconds.`));
    timer = setTimeout(fail, limit);
  });
  try {
    return await Promise.race([result, overdue]);
  } finally {
    clearTimeout(timer);
  }
}

function isHang(error: Error): boolean {
  return (
    error instanceof Overdue ||
    error instanceof errors.TimeoutError ||
    /crashed|has been closed/.test(error.message)
  );
}

/** The address of each page, and whether it answers. */
async function pagesOpen(): Promise<string> {
  const pages = [...opened.keys()].flatMap((browser) => browser.contexts()).flatMap((one) => one.pages());
  const found = await Promise.all(
    pages.map(async (page) => {
      const answer = inTime('A look', page.evaluate('1'), 2_000);
      return `${page.url()} ${await answer.then(
        () => 'answers',
        ({ message }: Error) => `does not answer (${message})`,
      )}`;
    }),
  );
  return found.join(', ');
}

/** Pages for anyone: empty ones, such as the address says, and ones that send on. */
export class Pages {
  private constructor(
    readonly port: number,
    readonly stop: () => Promise<void>,
  ) {}

  static async serve(certificate: Certificate): Promise<Pages> {
    const server = createServer(certificate, (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'https://pages.test');
      if (pathname === '/redirect') {
        response.writeHead(Number(searchParams.get('status')), { Location: searchParams.get('to') ?? '/' });
        response.end();
        return;
      }
      const reports = searchParams.get('reports');
      const policy =
        reports === null ? {} : { 'Content-Security-Policy': `img-src 'none'; report-uri ${reports}` };
      response.writeHead(200, { 'Content-Type': searchParams.get('type') ?? 'text/html', ...policy });
      response.end(searchParams.get('content') ?? '<!doctype html><title>A page</title>');
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return new Pages((server.address() as AddressInfo).port, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    });
  }
}
