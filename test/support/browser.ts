import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { describeIf } from './describe-if.js';
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

/** A browser for which every host whose name ends in `.test` is this machine, and every certificate is good. */
export function openBrowser(): Promise<Browser> {
  const args = ['--host-resolver-rules=MAP *.test 127.0.0.1', '--ignore-certificate-errors'];
  return chromium.launch({ executablePath: CHROMIUM, args });
}

/** A browser that keeps in a folder what browsers keep when they are closed. */
export function openProfile(folder: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, { executablePath: CHROMIUM });
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
