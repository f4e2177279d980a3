import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type AuditEvent, AuditStore } from 'coatcheck';
import { anAuditEvent } from 'coatcheck/testing';
import { TestApp, type Visitor } from './support/app.js';
import { STORAGES } from './support/storages.js';

const DAY = '2026-01-02';
const at = (hours: number, minutes = 0) => new Date(Date.UTC(2026, 0, 2, hours, minutes));

for (const name of ['memory', 'SQLite', 'PostgreSQL'] as const)
  STORAGES[name].describe(`GET /stats/activity with ${name}`, () => {
    let app: TestApp;
    let admin: Visitor;
    let drop: () => Promise<void>;

    beforeAll(async () => {
      const opened = await STORAGES[name].open();
      drop = () => opened.drop();
      const type = name === 'memory' ? 'session_auth' : 'session_db_auth';
      app = await TestApp.start({ AUTH_TYPE: type, ...opened.variables });
      await app.addUser('root@example.com', 'admin');
      admin = app.visitor();
      await admin.login('root@example.com');
      const failed = (facts: Partial<AuditEvent>) =>
        anAuditEvent({ type: 'sign_in_failed', details: { reason: 'wrong_password' }, ...facts });
      await app.nest
        .get(AuditStore)
        .append(
          anAuditEvent({ at: at(9, 5) }),
          anAuditEvent({ at: at(9, 55) }),
          anAuditEvent({ type: 'sign_in_throttled', at: at(9, 59), count: 7, lastAt: at(12) }),
          failed({ at: at(9, 1), count: 40, lastAt: at(10, 1) }),
          failed({ at: at(9, 2) }),
          failed({ at: at(9, 3), details: { reason: 'unknown_email' } }),
          failed({ at: at(11) }),
        );
    });

    afterAll(async () => {
      await app.stop();
      await drop();
    });

    const activity = async (query: string) => {
      const { status, body } = await admin.get(`/stats/activity?${query}`);
      expect(status).toBe(200);
      return body;
    };

    it('has each interval with its counts by type and reason, also those without events', async () => {
      expect(await activity(`from=${DAY}T09:00:00Z&to=${DAY}T11:30:00Z&step=1h`)).toEqual([
        {
          at: `${DAY}T09:00:00.000Z`,
          counts: [
            { type: 'sign_in', reason: null, count: 2 },
            { type: 'sign_in_failed', reason: 'unknown_email', count: 1 },
            { type: 'sign_in_failed', reason: 'wrong_password', count: 41 },
            { type: 'sign_in_throttled', reason: null, count: 7 },
          ],
        },
        { at: `${DAY}T10:00:00.000Z`, counts: [] },
        {
          at: `${DAY}T11:00:00.000Z`,
          counts: [{ type: 'sign_in_failed', reason: 'wrong_password', count: 1 }],
        },
      ]);
    });

    it('begins where it is asked to, and has the wanted types', async () => {
      expect(
        await activity(`from=${DAY}T10:02:00%2b01:00&to=${DAY}T12:02:00%2b01:00&type=sign_in_failed`),
      ).toEqual([
        {
          at: `${DAY}T09:02:00.000Z`,
          counts: [
            { type: 'sign_in_failed', reason: 'unknown_email', count: 1 },
            { type: 'sign_in_failed', reason: 'wrong_password', count: 1 },
          ],
        },
        {
          at: `${DAY}T10:02:00.000Z`,
          counts: [{ type: 'sign_in_failed', reason: 'wrong_password', count: 1 }],
        },
      ]);
      const days = await activity('from=2025-12-30&to=2026-01-04&step=1d&type=sign_in,sign_in_throttled');
      expect(
        days.map(({ counts }: { counts: { count: number }[] }) => counts.map(({ count }) => count)),
      ).toEqual([
        [],
        [],
        [1], // the sign-in of the administrator
        [2, 7],
        [],
      ]);
    });

    it('has an event that was just repeated', async () => {
      for (let times = 0; times < 3; times += 1) await app.visitor().login('root@example.com', 'wrong');
      const [{ counts }] = await activity('from=2026-01-01T12:00:00Z&to=2026-01-01T13:00:00Z');
      expect(counts).toContainEqual({ type: 'sign_in_failed', reason: 'wrong_password', count: 3 });
    });

    it('has 400 intervals at most, and as many', async () => {
      expect(await activity('from=2026-01-01T00:00:00Z&to=2026-01-03T18:40:00Z&step=10m')).toHaveLength(400);
      const { status, body } = await admin.get(
        '/stats/activity?from=2026-01-01T00:00:00Z&to=2026-01-03T18:40:00.001Z&step=10m',
      );
      expect([status, body.errors]).toEqual([
        400,
        [{ pointer: '/to', detail: 'must be at most 400 steps after from.' }],
      ]);
    });

    it.each([
      ['from=2026-01-01', '/to'],
      ['to=2026-01-01', '/from'],
      ['from=2026-01-02&to=2026-01-01', '/to'],
      ['from=2026-01-01&to=2026-01-01', '/to'],
      ['from=yesterday&to=2026-01-01', '/from'],
      ['from=2026-01-01&to=now', '/to'],
      ['from=2026-01-01&to=2026-01-02&step=1m', '/step'],
      ['from=2026-01-01&to=2026-01-02&step=toString', '/step'],
      ['from=2026-01-01&to=2026-01-02&type=nonsense', '/type'],
      ['from=2026-01-01&to=2026-01-02&more=1', '/more'],
    ])('refuses ?%s', async (query, pointer) => {
      const { status, body } = await admin.get(`/stats/activity?${query}`);
      expect([status, body.code, body.errors]).toEqual([
        400,
        'validation_failed',
        [{ pointer, detail: expect.any(String) }],
      ]);
    });

    it('is for administrators', async () => {
      const query = '/stats/activity?from=2026-01-01&to=2026-01-02';
      expect((await app.visitor().get(query)).status).toBe(401);
      await app.addUser('ann@example.com');
      const ann = app.visitor();
      await ann.login('ann@example.com');
      expect((await ann.get(query)).body.code).toBe('role_required');
    });
  });
