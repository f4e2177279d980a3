import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from './support/app.js';

const HTML = 'text/html; charset=utf-8';

/** Sends a request whose path is left as it is, and whose answer stays compressed. */
async function send(
  root: string,
  { method = 'GET', path, headers = {} }: { method?: string; path: string; headers?: Record<string, string> },
) {
  const { hostname, port } = new URL(root);
  const [answer] = (await once(request({ hostname, port, method, path, headers }).end(), 'response')) as [
    IncomingMessage,
  ];
  return { status: answer.statusCode!, headers: answer.headers, body: await buffer(answer) };
}

describe('The pages', () => {
  let app: TestApp;
  beforeAll(async () => {
    const TRUSTED_ORIGINS = 'https://app.example.com';
    app = await TestApp.start({ TRUSTED_ORIGINS, SERVICE_NAME: 'Ann & "Lee" <x>' });
  });
  afterAll(() => app.stop());

  const get = (path: string, init: RequestInit = {}) => fetch(new URL(path, app.root), init);
  const html = async (path: string) => (await get(path)).text();
  const assetsIn = (text: string) =>
    [...text.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, path]) => path!);

  it('are served to anyone, with a policy that permits no scripts but theirs', async () => {
    const answer = await get('/account/sign-in');
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': HTML,
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    const policy = answer.headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'; script-src 'self';");
    expect(policy).toContain("require-trusted-types-for 'script'; trusted-types 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(await answer.text()).not.toMatch(/<script(?![^>]* src=)|<style| on\w+=/);
  });

  it.each([
    ['/account', 'account/'],
    ['/account/', './'],
    ['/account/sign-in', './'],
    ['/account/email/cancel', '../'],
    ['/account/email/cancel/', '../../'],
  ])('have relative URLs, which work behind any path: %s', async (path, base) => {
    expect(await html(path)).toContain(`<base href="${base}" />`);
    const behind = new URL(base, new URL(`/some/where${path}`, app.root));
    expect(behind.pathname).toBe('/some/where/account/');
  });

  it('know the API, the trusted origins and the name of the service', async () => {
    const [, content = ''] = /name="coatcheck" content="([^"]*)"/.exec(await html('/account'))!;
    const text = content.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
    expect(JSON.parse(text)).toEqual({
      api: '../api/v1',
      origins: ['https://app.example.com'],
      service: 'Ann & "Lee" <x>',
    });
    expect(content).not.toMatch(/[<>&](?!#\d)/);
  });

  it('have files that browsers keep for a year, compressed as they ask', async () => {
    const [first] = assetsIn(await html('/account'));
    const path = `/account/${first}`;
    const plain = await send(app.root, { path });
    expect(plain.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'Accept-Encoding',
    });
    expect(plain.headers['content-encoding']).toBeUndefined();
    for (const [encoding, decode] of [
      ['br', brotliDecompressSync],
      ['gzip', gunzipSync],
    ] as const) {
      const packed = await send(app.root, { path, headers: { 'accept-encoding': encoding } });
      expect(packed.headers['content-encoding']).toBe(encoding);
      expect(decode(packed.body).equals(plain.body)).toBe(true);
      expect(packed.body.length).toBeLessThan(plain.body.length);
    }
  });

  it('have at most 60 kB of compressed script for the account', async () => {
    const scripts = assetsIn(await html('/account')).filter((path) => path.endsWith('.js'));
    const headers = { 'accept-encoding': 'gzip' };
    const sizes = await Promise.all(
      scripts.map(async (path) => (await send(app.root, { path: `/account/${path}`, headers })).body.length),
    );
    expect(sizes.length).toBeGreaterThan(0);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(60_000);
  });

  it.each([
    ['GET', '/account/assets/nothing.js'],
    ['GET', '/account/assets/../account.html'],
    ['GET', '/account/assets/%2e%2e/account.html'],
    ['GET', '/account/assets/'],
    ['GET', '/accounts'],
    ['GET', '/Account'],
    ['GET', '/account/a/b/c/d/e/f'],
    ['GET', '/account/%00'],
    ['GET', '/account/licences.md/../../../package.json'],
    ['POST', '/account/sign-in'],
    ['DELETE', '/account'],
  ])('are nothing else: %s %s', async (method, path) => {
    const answer = await send(app.root, { method, path });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
  });

  it('are where the root leads to, which is the URL of mails without a page of their own', async () => {
    const answer = await get('/', { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, 'account']);
    expect((await get('/')).headers.get('content-type')).toBe(HTML);
  });

  it('answer HEAD without a body', async () => {
    const answer = await get('/account', { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, HTML]);
    expect(await answer.text()).toBe('');
  });
});

describe('There are no pages', () => {
  it.each([
    [{ PAGES: 'off' }],
    [{ AUTH_TYPE: 'token_auth' }],
    [{ AUTH_TYPE: 'basic_auth' }],
    [{ AUTH_COMPAT: 'alx', AUTH_TYPE: 'session_auth' }],
  ])('with %j', async (variables) => {
    const app = await TestApp.start(variables);
    const { status } = await fetch(new URL('/account/sign-in', app.root));
    expect([401, 404]).toContain(status);
    await app.stop();
  });
});

it('The pages find the API at another prefix', async () => {
  const app = await TestApp.start({ API_PREFIX: '/' });
  const text = await (await fetch(new URL('/account/devices', app.root))).text();
  expect(text).toContain('&#34;api&#34;:&#34;..&#34;');
  await app.stop();
});
