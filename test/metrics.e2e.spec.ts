import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { CoatcheckModule, SecurityEvents } from 'coatcheck';
import { Metrics } from '../src/server/metrics/metrics.js';
import { PASSWORD, TestApp, Visitor } from './support/app.js';
import { Scrape } from './support/scrape.js';

const ANN = 'ann@example.com';
const REQUESTS = 'coatcheck_http_requests_total';

describe.each(['express', 'fastify'])('The metrics of a server on %s', (adapter) => {
  let app: TestApp | null = null;
  let metrics: Metrics;

  async function start(variables: Readonly<Record<string, string>> = {}): Promise<TestApp> {
    metrics = new Metrics();
    app = await TestApp.start({ HTTP_ADAPTER: adapter, ...variables }, {}, { metrics });
    await app.addUser(ANN);
    return app;
  }

  afterEach(async () => {
    await app?.stop();
    metrics.stop();
    app = null;
  });

  /** A scrape after the answers of all requests so far are counted. */
  async function scraped(): Promise<Scrape> {
    await delay(20);
    return new Scrape(await metrics.text());
  }

  /** Sends bytes and waits for the end of the connection. */
  async function sendBytes(to: TestApp, bytes: string): Promise<void> {
    const socket = connect(Number(new URL(to.root).port), '127.0.0.1');
    socket.resume().end(bytes);
    await once(socket, 'close');
  }

  it('count requests by the pattern of their route and by status, with their durations', async () => {
    const { visitor } = bound(await start());
    const ann = visitor();
    await ann.login(ANN);
    for (let round = 0; round < 3; round += 1) expect((await ann.get('/users/me')).status).toBe(200);
    const { body } = await ann.get('/sessions');
    expect((await ann.delete(`/sessions/${body.data?.[0]?.id ?? 'unknown'}`)).status).toBeLessThan(500);
    expect((await visitor().get('/users/me')).status).toBe(401);
    const all = await scraped();
    const me = { route: '/api/v1/users/me', method: 'GET' };
    expect(all.sum(REQUESTS, { ...me, status: '200' })).toBe(3);
    expect(all.sum(REQUESTS, { ...me, status: '401' })).toBe(1);
    expect(all.sum(REQUESTS, { route: '/api/v1/sessions/:id', method: 'DELETE' })).toBe(1);
    expect(all.sum(REQUESTS, { route: '/api/v1/auth_session/login', method: 'POST', status: '200' })).toBe(1);
    expect(all.sum('coatcheck_http_request_duration_seconds_count', me)).toBe(4);
    expect(all.sum('coatcheck_http_request_duration_seconds_bucket', { ...me, le: '+Inf' })).toBe(4);
    expect(all.sum('coatcheck_http_request_duration_seconds_sum', me)).toBeGreaterThan(0);
  });

  it('name the route of a request that was refused before routing, and of one with a wrong method', async () => {
    const { visitor } = bound(await start());
    const login = '/auth_session/login';
    const body = { email: ANN, password: PASSWORD };
    const foreign = { origin: 'https://evil.example' };
    expect((await visitor().send('POST', login, body, foreign)).status).toBe(403);
    const ann = visitor();
    await ann.login(ANN);
    expect((await ann.send('PUT', '/users/me/password/reset')).status).toBe(404);
    expect((await ann.send('PATCH', login)).status).toBe(405);
    const all = await scraped();
    const route = `/api/v1${login}`;
    expect(all.sum(REQUESTS, { route, status: '403' })).toBe(1);
    expect(all.sum(REQUESTS, { route, method: 'PATCH', status: '405' })).toBe(1);
    expect(all.sum(REQUESTS, { route: 'other', method: 'PUT', status: '404' })).toBe(1);
  });

  it('get no series from paths and methods that clients make up', async () => {
    const { visitor, root } = bound(await start());
    await visitor().get('/status');
    const paths = [
      '/%6de',
      '/users/%00',
      `/${'x'.repeat(500)}`,
      '/__proto__',
      '/a"b',
      '/a\\b',
      '/ü',
      '//',
      '/%ff',
    ];
    const methods = ['PROPFIND', 'M-SEARCH', 'QUERY', 'TRACE'];
    const send = async () => {
      for (const path of paths) await fetch(root + path).then((answer) => answer.text());
      for (const method of methods)
        await sendBytes(
          app!,
          `${method} /${Math.random()} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
        );
      await sendBytes(app!, 'NONSENSE\r\n\r\n');
    };
    await send();
    const before = await scraped();
    await send();
    const after = await scraped();
    const ofRequests = ({ samples }: Scrape) =>
      samples.filter(({ name }) => name.startsWith('coatcheck_http_'));
    expect(ofRequests(after)).toHaveLength(ofRequests(before).length);
    expect(after.valuesOf('route')).toEqual(['/api/v1/status', 'other']);
    expect(after.valuesOf('method')).toEqual(expect.arrayContaining(['GET', 'other']));
    for (const method of methods) expect(after.valuesOf('method')).not.toContain(method);
    expect(after.sum(REQUESTS)! - before.sum(REQUESTS)!).toBe(paths.length + methods.length + 1);
    expect(after.sum(REQUESTS, { route: 'other', method: 'other', status: '400' })).toBeGreaterThanOrEqual(2);
  });

  it('count a request that its client has aborted as aborted', async () => {
    const { root } = bound(await start({ PASSWORD_HASH_COST: '12' }));
    const body = JSON.stringify({ email: ANN, password: 'a wrong password of a client' });
    const socket = connect(Number(new URL(root).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(
      `POST /api/v1/auth_session/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await delay(50);
    socket.destroy();
    const login = { route: '/api/v1/auth_session/login', method: 'POST' };
    for (let round = 0; round < 100; round += 1)
      if ((await scraped()).sum(REQUESTS, { ...login, status: 'aborted' }) === 1) return;
    throw new Error('It was not counted.');
  });

  it('count sign-ins by method, and failures by reason', async () => {
    const { visitor } = bound(await start());
    await visitor().login(ANN);
    for (let round = 0; round < 2; round += 1) await visitor().login(ANN, 'not the password of ann');
    await visitor().login('nobody@example.com');
    const all = await scraped();
    expect(all.sum('coatcheck_sign_ins_total', { method: 'login' })).toBe(1);
    const failures = (reason: string) => all.sum('coatcheck_sign_in_failures_total', { reason });
    expect(failures('wrong_password')).toBe(2);
    expect(failures('unknown_email')).toBe(1);
    expect(failures('throttled')).toBe(0);
    expect(all.sum('coatcheck_security_events_total', { event: 'sign_in.failed' })).toBe(3);
    expect(all.sum('coatcheck_hash_duration_seconds_count', { algorithm: 'bcrypt' })).toBeGreaterThanOrEqual(
      4,
    );
  });

  it('count attempts that are throttled', async () => {
    const { visitor } = bound(await start());
    for (let round = 0; round < 12; round += 1) await visitor().login(ANN, 'not the password of ann');
    const all = await scraped();
    expect(all.sum('coatcheck_sign_in_failures_total', { reason: 'throttled' })).toBeGreaterThan(0);
  });

  it('have the numbers of live sessions and of mails', async () => {
    const { visitor } = bound(await start());
    const [one, other] = [visitor(), visitor()];
    await one.login(ANN);
    await other.login(ANN);
    await other.delete('/auth_session/logout');
    const all = await scraped();
    expect(all.sum('coatcheck_sessions_active')).toBe(1);
    expect(all.sum('coatcheck_outbox_waiting')).toBe(0);
    expect(all.sum('coatcheck_outbox_failed')).toBe(0);
    expect(all.sum('coatcheck_store_readable')).toBe(3);
  });

  it('answer while the store is down, and show it', async () => {
    const { visitor, closeStores } = bound(await start());
    const ann = visitor();
    await ann.login(ANN);
    await closeStores();
    expect((await ann.get('/users/me')).status).toBe(503);
    const all = await scraped();
    expect(all.sum(REQUESTS, { route: '/api/v1/users/me', status: '503' })).toBe(1);
    expect(
      all.sum('coatcheck_store_call_failures_total', { operation: 'look_up', reason: 'unavailable' }),
    ).toBe(1);
    expect(all.sum('coatcheck_store_readable')).toBe(0);
    expect(all.sum('coatcheck_sessions_active')).toBeNull();
  });

  it('have the names of Prometheus, and nothing of users and clients', async () => {
    const { visitor } = bound(await start());
    const ann = visitor();
    await ann.login(ANN);
    const me = (await ann.get('/users/me')).body as { id: string };
    await ann.get(`/users/${me.id}`);
    const { text, samples, types } = await scraped();
    for (const [name, type] of types) {
      expect(name).toMatch(/^coatcheck_[a-z0-9_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      if (/duration|lag/.test(name)) expect(name).toMatch(/_seconds$/);
    }
    expect(new Set(samples.flatMap(({ labels }) => Object.keys(labels)))).toEqual(
      new Set([
        'method',
        'route',
        'status',
        'le',
        'system',
        'operation',
        'reason',
        'algorithm',
        'event',
        'subject',
      ]),
    );
    for (const secret of [me.id, ANN, 'example.com', '127.0.0.1', ann.cookie!.split('=')[1]!])
      expect(text).not.toContain(secret);
  });

  /** The methods of an app, which a test takes apart. */
  function bound(of: TestApp) {
    return {
      root: of.root,
      visitor: (): Visitor => of.visitor(),
      closeStores: () => of.closeStores(),
    };
  }
});

describe('The metrics of an application without an audit trail', () => {
  it('count security events all the same', async () => {
    const metrics = new Metrics();
    const application = CoatcheckModule.forRoot({
      type: 'session_auth',
      storage: { database: 'memory:' },
      audit: false,
    });
    const module = await Test.createTestingModule({ imports: [metrics.around(application)] }).compile();
    await module.init();
    await module
      .get(SecurityEvents, { strict: false })
      .emit({ type: 'sign_in_failed', subjectId: null, details: { reason: 'unknown_email' } });
    const all = new Scrape(await metrics.text());
    expect(all.sum('coatcheck_sign_in_failures_total', { reason: 'unknown_email' })).toBe(1);
    metrics.stop();
    await module.close();
  });
});
