import { describe, expect, it } from '@jest/globals';
import { anAuditEvent } from '../testing/samples.js';
import type { AuditEvent } from './audit-event.js';
import { AuditQuota, ROWS_WITHOUT_ACCOUNT, ROWS_PER_SOURCE } from './audit-quota.js';

const STRANGER = { actorId: null, subjectId: null, ip: '192.0.2.1', details: {} };

describe('The quota of audit events', () => {
  /** The number of rows of the events, and the place of the last one. */
  const fill = (quota: AuditQuota, count: number, eventOf: (index: number) => Partial<AuditEvent>) => {
    const places = Array.from({ length: count }, (_, index) => quota.placeOf(anAuditEvent(eventOf(index))));
    return { rows: new Set(places.map((place) => place?.key)).size, last: places.at(-1)! };
  };
  const refused = (facts: Partial<AuditEvent> = {}): Partial<AuditEvent> => ({
    type: 'right_refused',
    actorId: 'ann',
    subjectId: 'ann',
    details: { route: 'GET /users' },
    ...facts,
  });

  it.each([
    ['of one account from many addresses', (index: number) => refused({ ip: `192.0.2.${index}` })],
    [
      'by any browser and request',
      (index: number) => refused({ userAgent: `${index}`, requestId: `${index}` }),
    ],
    ['of one address', () => ({ ...STRANGER, type: 'cross_site_refused' as const })],
    [
      'of one IPv6 network',
      (index: number) => ({ ...STRANGER, type: 'cross_site_refused' as const, ip: `2001:db8::${index}` }),
    ],
  ])('uses one row for events that are repeated %s', (_, eventOf) => {
    expect(fill(new AuditQuota(), 200, eventOf).rows).toBe(1);
  });

  it.each<[string, Partial<AuditEvent>, Partial<AuditEvent>]>([
    ['type', refused(), refused({ type: 'step_up_demanded' })],
    ['account', refused(), refused({ actorId: 'ben' })],
    ['subject', refused(), refused({ subjectId: 'ben' })],
    ['session', refused({ sessionId: 'one' }), refused({ sessionId: 'two' })],
    ['route', refused(), refused({ details: { route: 'GET /audit' } })],
    [
      'network',
      { ...STRANGER, type: 'sign_in_failed' },
      { ...STRANGER, type: 'sign_in_failed', ip: '192.0.2.2' },
    ],
    ['account from a network', refused({ actorId: '192.0.2.1' }), refused({ ...STRANGER, actorId: null })],
  ])('uses two rows for events with a different %s', (_, one, other) => {
    const quota = new AuditQuota();
    expect(quota.placeOf(anAuditEvent(one))!.key).not.toBe(quota.placeOf(anAuditEvent(other))!.key);
  });

  it.each([
    'sign_in',
    'sign_out',
    'password_changed',
    'password_reset',
    'role_changed',
    'user_deleted',
  ] as const)('are a row of its own for each %s', (type) => {
    const quota = new AuditQuota();
    for (let count = 0; count < 2000; count += 1)
      expect(quota.placeOf(anAuditEvent({ type, actorId: 'ann', subjectId: 'ann' }))).toBeNull();
  });

  it('uses a separate row for each event of a program or an operator', () => {
    const quota = new AuditQuota();
    for (const via of ['program', 'operator'] as const)
      for (let count = 0; count < 2; count += 1)
        expect(quota.placeOf(anAuditEvent(refused({ via })))).toBeNull();
  });

  it('counts events of sockets and messages, each in a row of its own', () => {
    const quota = new AuditQuota();
    const keys = (['http', 'websocket', 'message', 'websocket'] as const).map(
      (via) => quota.placeOf(anAuditEvent(refused({ via })))!.key,
    );
    expect(new Set(keys).size).toBe(3);
  });

  it('limits the rows of an account, with one row for the rest, without affecting others', () => {
    const quota = new AuditQuota();
    const { rows, last } = fill(quota, 5000, (index) => refused({ subjectId: `user ${index}` }));
    expect(rows).toBe(ROWS_PER_SOURCE + 1);
    expect(last.row).toMatchObject({ type: 'right_refused', actorId: 'ann', subjectId: null, details: {} });
    const others = [refused({ actorId: 'ben' }), refused({ type: 'step_up_demanded' })];
    for (const other of others)
      expect(quota.placeOf(anAuditEvent(other))!.row).toMatchObject({ subjectId: 'ann' });
  });

  it('limits the rows of all networks without an account, without affecting accounts or other types', () => {
    const quota = new AuditQuota();
    const { rows, last } = fill(quota, 20_000, (index) => ({
      ...STRANGER,
      type: 'cross_site_refused',
      ip: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
    }));
    expect(rows).toBe(ROWS_WITHOUT_ACCOUNT + 1);
    expect(last.row).toMatchObject({ type: 'cross_site_refused', actorId: null, ip: null });
    const failed = { ...STRANGER, type: 'sign_in_failed', subjectId: 'ann' } as const;
    expect(quota.placeOf(anAuditEvent(failed))!.row).toMatchObject(failed);
    const member = refused({ type: 'cross_site_refused' });
    expect(quota.placeOf(anAuditEvent(member))!.row).toMatchObject({ actorId: 'ann', subjectId: 'ann' });
  });
});
