import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { later } from '../common/clock.js';
import { ENDING_KEPT_FOR, SessionStore } from '../sessions/session-store.js';
import { MemorySessionStore } from '../storage/memory/memory.session-store.js';
import { MemoryUserStore } from '../storage/memory/memory.user-store.js';
import { SqlSessionStore } from '../storage/sql/sql.session-store.js';
import { SqlUserStore } from '../storage/sql/sql.user-store.js';
import { SqliteDatabase } from '../storage/sql/sqlite.database.js';
import { aSession, aUser } from '../testing/samples.js';
import { identityOf } from '../users/identity.js';
import type { UserStore } from '../users/user-store.js';
import { sessionUsersOf } from './session-users.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const openFile = () => SqliteDatabase.open(join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'test.db'), 500);

describe('Sessions with their users', () => {
  let here: SqliteDatabase;
  let elsewhere: SqliteDatabase;

  beforeAll(async () => {
    here = await openFile();
    elsewhere = await openFile();
  });

  afterAll(() => Promise.all([here.close(), elsewhere.close()]));

  it('are found in one query only if one database has both', () => {
    const sessions = new SqlSessionStore(here);
    expect(sessions.joinUsers(new SqlUserStore(here))).not.toBeNull();
    expect(sessions.joinUsers(new SqlUserStore(elsewhere))).toBeNull();
    expect(sessions.joinUsers(new MemoryUserStore())).toBeNull();
  });

  const harnesses: [string, () => [SessionStore, UserStore]][] = [
    ['one database', () => [new SqlSessionStore(here), new SqlUserStore(here)]],
    ['two databases', () => [new SqlSessionStore(here), new SqlUserStore(elsewhere)]],
    ['memory', () => [new MemorySessionStore(), new MemoryUserStore()]],
  ];

  it.each(harnesses)(
    'are found in %s, live or ended, even if the user is disabled or deleted',
    async (_, open) => {
      const [sessions, users] = open();
      const both = sessionUsersOf(sessions, users);
      const user = { ...aUser(), firstName: 'Ann', lastName: null };
      const session = aSession({ userId: user.id });
      await users.insert(user, 'hash');
      await sessions.insert(session);
      expect(await both.find(session.id, noon)).toEqual({ session, ending: null, owner: identityOf(user) });
      expect(await both.find(session.id, session.expiresAt)).toMatchObject({
        ending: { reason: 'expired', at: session.expiresAt },
      });
      expect(await both.find(session.id, later(session.expiresAt, ENDING_KEPT_FOR))).toBeNull();
      await users.update(user.id, { disabled: true }, noon);
      expect(await both.find(session.id, noon)).toMatchObject({
        owner: { account: { disabled: true }, credentialVersion: 2 },
      });
      await users.remove(user.id);
      expect(await both.find(session.id, noon)).toEqual({ session, ending: null, owner: null });
      await sessions.end(session.id, 'signed_out', noon);
      expect(await both.find(session.id, noon)).toEqual({
        session,
        ending: { reason: 'signed_out', at: noon },
        owner: null,
      });
    },
  );
});
