import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import SqliteConnection from 'better-sqlite3';
import { SqliteStatements } from './sqlite-statements.js';

describe('Statements of SQLite', () => {
  let file: string;
  let statements: SqliteStatements;

  beforeEach(() => {
    file = join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'test.db');
    statements = new SqliteStatements(new SqliteConnection(file));
  });
  afterEach(() => statements.close());

  it('are prepared once, until there are too many', () => {
    const first = statements.prepare('select 0');
    expect(statements.prepare('select 0')).toBe(first);
    for (let other = 1; other <= 200; other += 1) statements.prepare(`select ${other}`);
    const again = statements.prepare('select 0');
    expect(again).not.toBe(first);
    expect([first.all(), again.all()]).toEqual([[{ 0: 0 }], [{ 0: 0 }]]);
  });

  it('read the columns that another connection has added', () => {
    statements.prepare('create table things (a)').run();
    statements.prepare('insert into things values (1)').run();
    expect(statements.prepare('select * from things').all()).toEqual([{ a: 1 }]);
    const other = new SqliteConnection(file);
    other.exec('alter table things add column b default 2');
    other.close();
    expect(statements.prepare('select * from things').all()).toEqual([{ a: 1, b: 2 }]);
  });
});
