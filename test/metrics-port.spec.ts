import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, Visitor } from './support/app.js';
import { metricsUrlOf, scrape } from './support/scrape.js';
import { Server, newFolder, refusal } from './support/server.js';

const MEMORY = { DATABASE_URL: 'memory:', AUTH_TYPE: 'session_auth', METRICS_PORT: '0' };

describe('The metrics port of a server', () => {
  let server: Server | null = null;

  afterEach(async () => {
    await server?.stop('SIGKILL');
    server = null;
  });

  it('answers GET /metrics without credentials, and nothing else', async () => {
    server = await Server.start(newFolder(), MEMORY);
    const url = metricsUrlOf(server);
    expect(new URL(url).hostname).toBe('127.0.0.1');
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toContain('\ncoatcheck_hash_queue_waiting 0\n');
    for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const refused = await fetch(url, { method });
      expect([method, refused.status, refused.headers.get('allow')]).toEqual([method, 405, 'GET']);
      expect(await refused.text()).toBe('');
    }
    for (const path of ['/', '/metrics/', '/api/v1/status', '//metrics', '/metrics/../status'])
      expect([path, (await fetch(new URL(url).origin + path)).status]).toEqual([path, 404]);
    expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
    expect(await server.stop()).toBe(0);
  });

  it('counts what clients did at the other port', async () => {
    server = await Server.start(newFolder(), { ...MEMORY, REGISTRATION: 'first' });
    const ann = new Visitor(`${server.url}/api/v1`, {});
    await ann.post('/users', { email: 'ann@example.com', password: PASSWORD });
    expect((await ann.login('ann@example.com')).status).toBe(200);
    const all = await scrape(metricsUrlOf(server));
    expect(all.sum('coatcheck_sign_ins_total', { method: 'login' })).toBe(1);
    expect(all.sum('coatcheck_sessions_active')).toBe(1);
    expect(all.sum('coatcheck_http_requests_total', { route: '/api/v1/users', status: '201' })).toBe(1);
  });

  it('is that of the course contract, too', async () => {
    server = await Server.start(newFolder(), { ...MEMORY, AUTH_COMPAT: 'alx', SESSION_NAME: 'sid' });
    await fetch(`${server.url}/api/v1/status`);
    const all = await scrape(metricsUrlOf(server));
    expect(all.sum('coatcheck_http_requests_total', { route: '/api/v1/status' })).toBe(1);
  });

  it('has the metrics that its page names, with these types', async () => {
    server = await Server.start(newFolder(), { METRICS_PORT: '0' });
    const page = readFileSync('docs/metrics.md', 'utf8');
    const rows = [...page.matchAll(/^\| `(coatcheck_\w+)` +\| (\w+) /gm)].map(
      ([, name, type]) => [name!, type!] as const,
    );
    const { types } = await scrape(metricsUrlOf(server));
    expect([...types, ['coatcheck_workers', 'gauge'] as const].toSorted()).toEqual(rows.toSorted());
  });

  it('is refused together with all other problems if it is the public port, or has a host without a port', async () => {
    const same = await refusal(newFolder(), {
      ...MEMORY,
      METRICS_PORT: '5999',
      API_PORT: '5999',
      WORKERS: '0',
    });
    expect(same.code).toBe(1);
    expect(same.output).toContain('  METRICS_PORT: must differ from API_PORT');
    expect(same.output).toContain('  WORKERS: must not be less than 1');
    const host = await refusal(newFolder(), { METRICS_HOST: '127.0.0.1' });
    expect(host.code).toBe(1);
    expect(host.output).toContain('  METRICS_HOST: has no effect without METRICS_PORT');
  });

  it.each(['1', '2'])('stops the start with a clear message if it is taken (WORKERS=%s)', async (workers) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, output } = await refusal(newFolder(), { WORKERS: workers, METRICS_PORT: String(port) });
    other.close();
    expect(code).toBe(1);
    expect(output).toMatch(
      /^Cannot listen at METRICS_HOST and METRICS_PORT: .+ Choose another METRICS_PORT$/m,
    );
  });
});
