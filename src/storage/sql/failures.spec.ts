import { describe, expect, it } from '@jest/globals';
import {
  UselessConnectionError,
  classifyPostgresFailure,
  isConnectionLost,
  isConnectionUseless,
} from './postgres.failures.js';
import { classifySqliteFailure, isSqliteFull } from './sqlite.failures.js';

const coded = (code: string) => Object.assign(new Error(code), { code });

describe('An error of PostgreSQL', () => {
  it.each([
    ['40001', 'busy'],
    ['40P01', 'busy'],
    ['23505', 'busy'],
    ['25006', 'unavailable'],
    ['53100', 'unavailable'],
    ['53300', 'unavailable'],
    ['57014', 'unavailable'],
    ['57P01', 'unavailable'],
    ['57P03', 'unavailable'],
    ['08006', 'unavailable'],
    ['58030', 'unavailable'],
    ['XX001', 'unavailable'],
    ['ECONNRESET', 'unavailable'],
    ['EPIPE', 'unavailable'],
    ['22021', 'value_refused'],
    ['22P05', 'value_refused'],
    ['54000', 'value_refused'],
    ['28P01', 'misconfigured'],
    ['42501', 'misconfigured'],
    ['42P01', 'misconfigured'],
  ])('%s means %s', (code, failure) => {
    expect(classifyPostgresFailure(coded(code))).toBe(failure);
  });

  it('on a connection that is replaced makes the call repeatable', () => {
    expect(classifyPostgresFailure(new UselessConnectionError('Replaced.'))).toBe('useless_connection');
  });

  it.each(['25006', '26000', '42P05'])('%s makes a connection useless', (code) => {
    expect([isConnectionUseless(coded(code)), isConnectionLost(coded(code))]).toEqual([true, false]);
  });

  it.each(['57P01', '57P02', '57P03', '57P05', '08003', '08006', '25P03', 'ECONNRESET', 'ETIMEDOUT'])(
    '%s means a lost connection',
    (code) => {
      expect([isConnectionUseless(coded(code)), isConnectionLost(coded(code))]).toEqual([false, true]);
    },
  );

  it('0A000 makes a connection useless only if a prepared plan is stale', () => {
    const stale = Object.assign(coded('0A000'), { routine: 'RevalidateCachedQuery' });
    expect([isConnectionUseless(stale), isConnectionUseless(coded('0A000'))]).toEqual([true, false]);
  });
});

describe('An error of SQLite', () => {
  it.each([
    ['SQLITE_BUSY', 'busy'],
    ['SQLITE_BUSY_SNAPSHOT', 'busy'],
    ['SQLITE_LOCKED', 'busy'],
    ['SQLITE_READONLY', 'unavailable'],
    ['SQLITE_READONLY_DBMOVED', 'unavailable'],
    ['SQLITE_FULL', 'unavailable'],
    ['SQLITE_IOERR_FSYNC', 'unavailable'],
    ['SQLITE_IOERR_WRITE', 'unavailable'],
    ['SQLITE_CORRUPT', 'unavailable'],
    ['SQLITE_NOTADB', 'unavailable'],
    ['SQLITE_CANTOPEN', 'unavailable'],
    ['SQLITE_TOOBIG', 'value_refused'],
    ['SQLITE_CONSTRAINT_NOTNULL', 'misconfigured'],
    ['SQLITE_ERROR', 'misconfigured'],
  ])('%s means %s', (code, failure) => {
    expect(classifySqliteFailure(coded(code))).toBe(failure);
  });

  it('reports missing space on the disk, in a quota and within the limit of the process', () => {
    const codes = ['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_IOERR_READ', 'SQLITE_READONLY'];
    expect(codes.map((code) => isSqliteFull(coded(code)))).toEqual([true, true, false, false]);
  });
});
