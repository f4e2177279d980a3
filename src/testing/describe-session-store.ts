import { PROOF_KINDS } from '../sessions/proofs.js';
import { Logger } from '@nestjs/common';
import { NEVER } from '../common/clock.js';
import { END_REASONS } from '../sessions/endings.js';
import type { SessionEntry, StoredSession } from '../sessions/session.js';
import {
  ALL_SESSIONS,
  ENDING_KEPT_FOR,
  type SessionQuery,
  type SessionStore,
} from '../sessions/session-store.js';
import { countsLive } from '../sessions/live-count.js';
import { aSession } from './samples.js';
import { type Spoilings, type StoreUnderTest, openForEachTest } from './store-under-test.js';
import { type TestFramework, globalTestFramework } from './test-framework.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const after = (minutes: number, ms = 0) => new Date(noon.getTime() + minutes * 60_000 + ms);

/** Timeout in milliseconds for a thousand writes on a busy machine. */
const MANY_WRITES = 60_000;

/** Milliseconds in which ten rounds of two sign-ins end, unless each waits until a deadlock is noticed. */
const PROMPT = 5_000;

/** Each kind, transport and scope, and unusual labels. */
const VARIETIES: readonly Partial<StoredSession>[] = [
  { kind: 'session', transport: 'cookie', scope: 'write', label: null },
  { kind: 'remembered', transport: 'cookie', scope: 'write', label: 'My phone' },
  { kind: 'session', transport: 'bearer', scope: 'read', label: 'access_token' },
  { kind: 'access_token', transport: 'bearer', scope: 'read', label: '' },
  { kind: 'access_token', transport: 'bearer', scope: 'write', label: `"it's" \\ /%s [null] \u{1f36a} Zoë` },
];
/** A password that was given at an instant, in a session that ends at another one. */
const aProof = (authenticatedAt: Date, expiresAt: Date) => ({
  authenticatedAt,
  proofs: { password: authenticatedAt },
  expiresAt,
});

/**
 * Declares the tests that every session store must pass. Set `forgetsByItself` if the store needs no sweep. `spoilings`
 * make a stored session unreadable.
 */
export function describeSessionStore(
  name: string,
  open: () => Promise<StoreUnderTest<SessionStore>>,
  {
    forgetsByItself = false,
    spoilings = {},
  }: { readonly forgetsByItself?: boolean; readonly spoilings?: Spoilings<StoredSession> } = {},
  framework: TestFramework = globalTestFramework(),
): void {
  const { describe, it, expect, beforeEach, afterEach } = framework;
  describe(`${name} as a session store`, () => {
    let store: SessionStore;
    openForEachTest(framework, open, (opened) => {
      store = opened;
    });

    describe('keeping', () => {
      it('finds an inserted session with all facts', async () => {
        const session = aSession({
          expiresAt: NEVER,
          client: { ip: null, userAgent: null },
          credentialVersion: 7,
        });
        expect(await store.insert(session)).toEqual({ outcome: 'inserted', evicted: [] });
        expect(await store.find(session.id, noon)).toEqual(session);
      });

      for (const facts of VARIETIES)
        it(`finds an inserted session with all facts, as ${JSON.stringify(facts)}`, async () => {
          const session = aSession({ userId: 'ann', ...facts });
          await store.insert(session);
          expect(await store.find(session.id, noon)).toEqual(session);
          expect(await store.findByUser('ann', noon)).toEqual([session]);
        });

      it('finds nothing under an unknown id', async () => {
        expect(await store.find(aSession().id, noon)).toBeNull();
      });

      for (const id of [
        '__proto__',
        'constructor',
        '',
        '}{',
        '\0',
        "'; drop table sessions; --",
        '\u{1f36a}',
      ])
        it(`finds nothing under the malicious id ${JSON.stringify(id)}`, async () => {
          await store.insert(aSession());
          expect(await store.find(id, noon)).toBeNull();
          expect(await store.end(id, 'signed_out', noon)).toBe(false);
          expect(await store.endingOf(id, noon)).toBeNull();
        });

      it('rejects an id that is taken and keeps the existing session', async () => {
        const session = aSession();
        await store.insert(session);
        await expect(store.insert({ ...aSession(), id: session.id })).rejects.toThrow();
        expect(await store.find(session.id, noon)).toEqual(session);
      });

      it('rejects the id of an ended session too', async () => {
        const session = aSession();
        await store.insert(session);
        await store.end(session.id, 'signed_out', noon);
        await expect(store.insert(session)).rejects.toThrow();
        expect(await store.find(session.id, noon)).toBeNull();
      });

      it('returns copies', async () => {
        const session = aSession();
        await store.insert(session);
        const found = await store.find(session.id, noon);
        Object.assign(found!, { userId: 'mallory' });
        found!.expiresAt.setTime(0);
        expect(await store.find(session.id, noon)).toEqual(session);
      });

      it('stores a copy of the argument', async () => {
        const session = aSession();
        const given = structuredClone(session);
        await store.insert(given);
        given.expiresAt.setTime(0);
        expect(await store.find(session.id, noon)).toEqual(session);
      });

      it('is not found from its expiry on, exact to the millisecond', async () => {
        const session = aSession();
        await store.insert(session);
        expect(await store.find(session.id, after(60, -1))).toEqual(session);
        expect(await store.find(session.id, after(60))).toBeNull();
      });
    });

    describe('the sessions of a user', () => {
      it('are the live ones, newest first', async () => {
        const [first, second, third] = [0, 1, 2].map((minute) =>
          aSession({ userId: 'ann', createdAt: after(minute) }),
        );
        const expired = aSession({ userId: 'ann', expiresAt: after(5) });
        for (const session of [first!, third!, second!, expired, aSession({ userId: 'ben' })])
          await store.insert(session);
        await store.end(second!.id, 'signed_out', after(3));
        expect(await store.findByUser('ann', after(5))).toEqual([third, first]);
      });

      const page = (facts: Partial<SessionQuery>) => ({ ...ALL_SESSIONS, ...facts });
      const listAll = async (now: Date, query: Partial<SessionQuery>, limit: number) => {
        const all: StoredSession[] = [];
        for (let found = all; ;) {
          const after = all.at(-1) ?? null;
          found = await store.findByUser('ann', now, page({ ...query, limit, after }));
          expect(found.length).toBeLessThanOrEqual(limit);
          all.push(...found);
          if (found.length < limit) return all;
        }
      };
      const insertAll = async (sessions: readonly StoredSession[]) => {
        for (let start = 0; start < sessions.length; start += 50)
          await Promise.all(sessions.slice(start, start + 50).map((session) => store.insert(session)));
      };
      const idsOf = (sessions: readonly StoredSession[]) => sessions.map(({ id }) => id);

      it('are listed in pages, each once, also those of one instant', async () => {
        const sessions = range(9).map((index) =>
          aSession({ userId: 'ann', createdAt: after(Math.floor(index / 3)), expiresAt: NEVER }),
        );
        await insertAll([...sessions.slice(4), ...sessions.slice(0, 4)]);
        for (const limit of [1, 2, 4, 9, 10]) {
          const all = await listAll(after(5), {}, limit);
          expect(idsOf(all).toSorted()).toEqual(idsOf(sessions).toSorted());
          const times = all.map(({ createdAt }) => createdAt.getTime());
          expect(times).toEqual(times.toSorted((a, b) => b - a));
        }
      });

      it('continue after the last one of a page, also if that has ended', async () => {
        const sessions = range(5).map((minute) => aSession({ userId: 'ann', createdAt: after(minute) }));
        await insertAll(sessions);
        const first = await store.findByUser('ann', after(5), page({ limit: 2 }));
        await store.end(first[1]!.id, 'signed_out', after(5));
        const rest = await store.findByUser('ann', after(5), page({ after: first[1]! }));
        expect(idsOf(rest)).toEqual(idsOf(sessions.slice(0, 3).toReversed()));
        const unknown = { id: aSession().id, createdAt: after(2) };
        expect(idsOf(await store.findByUser('ann', after(5), page({ after: unknown }))).slice(-2)).toEqual(
          idsOf(sessions.slice(0, 2).toReversed()),
        );
      });

      it('are filtered by kind and credential version', async () => {
        const kinds = ['session', 'access_token', 'remembered'] as const;
        const sessions = range(12).map((index) =>
          aSession({
            userId: 'ann',
            createdAt: after(index),
            expiresAt: NEVER,
            kind: kinds[index % 3]!,
            credentialVersion: 1 + (index % 2),
          }),
        );
        await insertAll(sessions);
        const newest = sessions.toReversed();
        for (const kind of kinds)
          expect(idsOf(await listAll(after(20), { kind }, 3))).toEqual(
            idsOf(newest.filter((session) => session.kind === kind)),
          );
        expect(idsOf(await listAll(after(20), { credentialVersion: 2 }, 4))).toEqual(
          idsOf(newest.filter((session) => session.credentialVersion === 2)),
        );
        expect(idsOf(await listAll(after(20), { credentialVersion: 1, kind: 'session' }, 1))).toEqual(
          idsOf([sessions[6]!, sessions[0]!]),
        );
      });

      it(
        'are listed and ended in order if there are many',
        async () => {
          const at = (index: number) => after(0, (index * 7919) % 2000);
          const many = range(900).map((index) =>
            aSession({ userId: 'ann', createdAt: at(index), expiresAt: index % 3 === 0 ? after(1) : NEVER }),
          );
          await insertAll(many.slice(0, 700));
          expect(await store.findByUser('ann', after(1), page({ limit: 10 }))).toHaveLength(10);
          await insertAll(many.slice(700));
          await Promise.all(
            many.filter((_, index) => index % 3 === 1).map(({ id }) => store.end(id, 'signed_out', noon)),
          );
          const live = many
            .filter((_, index) => index % 3 === 2)
            .toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
          expect(await store.findByUser('ann', after(2), page({ limit: 50 }))).toEqual(live.slice(0, 50));
          expect(await listAll(after(2), {}, 70)).toEqual(live);
          const last = aSession({ userId: 'ann', createdAt: after(3) });
          await store.insert(last, { max: 100, policy: 'evict_oldest' });
          expect(await listAll(after(3), {}, 40)).toEqual([last, ...live.slice(0, 99)]);
          await store.touch(last.id, after(4), after(200));
          await store.endAll('ann', 'ended_elsewhere', after(4), last.id);
          expect(idsOf(await listAll(after(4), {}, 40))).toEqual([last.id]);
          await store.insert(aSession({ userId: 'ann', createdAt: after(5) }));
          expect(await listAll(after(5), {}, 40)).toHaveLength(2);
        },
        MANY_WRITES,
      );

      it('are none for a user without sessions', async () => {
        expect(await store.findByUser('nobody', noon)).toEqual([]);
      });
    });

    describe('touch', () => {
      it('updates the last use and the expiry', async () => {
        const session = aSession();
        await store.insert(session);
        expect(await store.touch(session.id, after(10), after(70))).toBe(true);
        expect(await store.find(session.id, after(65))).toEqual({
          ...session,
          lastSeenAt: after(10),
          expiresAt: after(70),
        });
      });

      it('does not restore an ended session', async () => {
        const session = aSession();
        await store.insert(session);
        await store.end(session.id, 'signed_out', noon);
        expect(await store.touch(session.id, after(1), after(61))).toBe(false);
        expect(await store.find(session.id, after(1))).toBeNull();
      });

      it('does not restore an expired session', async () => {
        const session = aSession();
        await store.insert(session);
        expect(await store.touch(session.id, after(60), after(120))).toBe(false);
        expect(await store.find(session.id, after(60))).toBeNull();
      });

      it('does not create a session for an unknown id', async () => {
        const { id } = aSession();
        expect(await store.touch(id, noon, after(60))).toBe(false);
        expect(await store.find(id, noon)).toBeNull();
      });

      it('does not overwrite a later use', async () => {
        const session = aSession();
        await store.insert(session);
        await store.touch(session.id, after(20), after(80));
        expect(await store.touch(session.id, after(10), after(70))).toBe(false);
        expect((await store.find(session.id, after(20)))?.expiresAt).toEqual(after(80));
      });
    });

    describe('rotate', () => {
      it('replaces the secret of a live session', async () => {
        const session = aSession();
        await store.insert(session);
        expect(await store.rotate(session.id, session.secretHash, 'next', noon)).toBe(true);
        expect(await store.find(session.id, noon)).toEqual({ ...session, secretHash: 'next' });
      });

      it('records a use, unless there is a later one', async () => {
        const session = aSession();
        await store.insert(session);
        await store.rotate(session.id, session.secretHash, 'next', after(10));
        const rotated = { ...session, secretHash: 'next', lastSeenAt: after(10) };
        expect(await store.find(session.id, after(10))).toEqual(rotated);
        expect(await store.rotate(session.id, 'next', 'last', after(5))).toBe(true);
        expect(await store.find(session.id, after(10))).toEqual({ ...rotated, secretHash: 'last' });
      });

      it('lets one of many racing callers win', async () => {
        const session = aSession();
        await store.insert(session);
        const won = await Promise.all(
          range(20).map((index) => store.rotate(session.id, session.secretHash, `next-${index}`, noon)),
        );
        expect(won.filter(Boolean)).toHaveLength(1);
        expect((await store.find(session.id, noon))?.secretHash).toBe(`next-${won.indexOf(true)}`);
      });

      it('with a proof updates the time of the proof and the expiry, to a later or an earlier one', async () => {
        const [longer, shorter] = [aSession({ label: 'My phone' }), aSession({ kind: 'remembered' })];
        for (const [session, expiresAt] of [
          [longer, after(90)],
          [shorter, after(20)],
        ] as const) {
          await store.insert(session);
          const proof = aProof(after(10), expiresAt);
          expect(await store.rotate(session.id, session.secretHash, 'next', after(10), proof)).toBe(true);
          const renewed = { ...session, ...proof, secretHash: 'next', lastSeenAt: after(10) };
          expect(await store.find(session.id, new Date(expiresAt.getTime() - 1))).toEqual(renewed);
          expect(await store.find(session.id, expiresAt)).toBeNull();
          expect(await store.endingOf(session.id, expiresAt)).toEqual({
            session: renewed,
            reason: 'expired',
            at: expiresAt,
          });
        }
      });

      it('without a proof changes neither', async () => {
        const session = aSession({ authenticatedAt: after(-5) });
        await store.insert(session);
        const proof = aProof(after(1), after(90));
        await store.rotate(session.id, session.secretHash, 'next', after(1), proof);
        await store.rotate(session.id, 'next', 'last', after(2));
        expect(await store.find(session.id, after(70))).toEqual({
          ...session,
          ...proof,
          secretHash: 'last',
          lastSeenAt: after(2),
        });
      });

      it('stores all kinds of proofs, also at an insert', async () => {
        const all = Object.fromEntries(PROOF_KINDS.map((kind, index) => [kind, after(-index)]));
        for (const proofs of [all, { totp: after(-1) }, { application: noon }, {}]) {
          const session = aSession({ proofs });
          await store.insert(session);
          expect((await store.find(session.id, noon))?.proofs).toEqual(proofs);
          const later = { ...proofs, passkey: after(1) };
          const proof = { authenticatedAt: after(1), proofs: later, expiresAt: after(90) };
          expect(await store.rotate(session.id, session.secretHash, 'next', after(1), proof)).toBe(true);
          expect((await store.find(session.id, after(1)))?.proofs).toEqual(later);
          await store.rename(session.id, 'a name', after(1));
          expect((await store.find(session.id, after(1)))?.proofs).toEqual(later);
        }
      });

      it('stores the proof of the racing caller that wins', async () => {
        const session = aSession();
        await store.insert(session);
        const proofs = range(20).map((index) => aProof(after(1, index), after(90, index)));
        const won = await Promise.all(
          proofs.map((proof, index) =>
            store.rotate(session.id, session.secretHash, `next-${index}`, after(1), proof),
          ),
        );
        expect(won.filter(Boolean)).toHaveLength(1);
        const winner = won.indexOf(true);
        expect(await store.find(session.id, after(80))).toMatchObject({
          secretHash: `next-${winner}`,
          ...proofs[winner],
        });
      });

      it('changes nothing if the hash differs, also with a proof', async () => {
        const session = aSession();
        await store.insert(session);
        const proof = aProof(after(1), after(90));
        expect(await store.rotate(session.id, 'a guess', 'next', after(1), proof)).toBe(false);
        expect(await store.find(session.id, after(1))).toEqual(session);
      });

      it('with a proof does not restore an ended session', async () => {
        const [ended, expired] = [aSession(), aSession({ expiresAt: after(1) })];
        for (const session of [ended, expired]) await store.insert(session);
        await store.end(ended.id, 'signed_out', noon);
        const proof = aProof(after(1), after(90));
        for (const { id, secretHash } of [ended, expired]) {
          expect(await store.rotate(id, secretHash, 'next', after(1), proof)).toBe(false);
          expect(await store.find(id, after(1))).toBeNull();
        }
      });

      it('does nothing to an ended session', async () => {
        const [ended, expired] = [aSession(), aSession({ expiresAt: after(1) })];
        await store.insert(ended);
        await store.insert(expired);
        await store.end(ended.id, 'signed_out', noon);
        expect(await store.rotate(ended.id, ended.secretHash, 'next', noon)).toBe(false);
        expect(await store.rotate(expired.id, expired.secretHash, 'next', after(1))).toBe(false);
      });
    });

    describe('rename', () => {
      it('changes the label and nothing else', async () => {
        for (const facts of VARIETIES) {
          const session = aSession({ ...facts, client: { ip: null, userAgent: null } });
          await store.insert(session);
          for (const label of ['My phone', ...VARIETIES.map((one) => one.label!)]) {
            expect(await store.rename(session.id, label, after(1))).toBe(true);
            expect(await store.find(session.id, after(1))).toEqual({ ...session, label });
          }
        }
      });

      it('keeps the facts of the client', async () => {
        const session = aSession({
          client: { ip: '2001:db8::1', userAgent: '"Zo\u00eb"/1.0 (\\; \u{1f36a})' },
        });
        await store.insert(session);
        await store.rename(session.id, 'My phone', noon);
        expect(await store.find(session.id, noon)).toEqual({ ...session, label: 'My phone' });
      });

      it('with null removes the label', async () => {
        const session = aSession({ label: 'My phone' });
        await store.insert(session);
        expect(await store.rename(session.id, null, noon)).toBe(true);
        expect(await store.find(session.id, noon)).toEqual({ ...session, label: null });
      });

      it('does not change other sessions', async () => {
        const [session, other] = [aSession({ userId: 'ann' }), aSession({ userId: 'ann' })];
        for (const one of [session, other]) await store.insert(one);
        await store.rename(session.id, 'My phone', noon);
        expect(await store.find(other.id, noon)).toEqual(other);
      });

      it('does nothing to an ended session, and does not restore it', async () => {
        const [ended, expired] = [aSession(), aSession({ expiresAt: after(1) })];
        for (const session of [ended, expired]) await store.insert(session);
        await store.end(ended.id, 'signed_out', noon);
        for (const session of [ended, expired]) {
          expect(await store.rename(session.id, 'My phone', after(1))).toBe(false);
          expect(await store.find(session.id, after(1))).toBeNull();
          expect((await store.endingOf(session.id, after(1)))?.session).toEqual(session);
        }
      });

      it('does not create a session for an unknown id', async () => {
        const { id } = aSession();
        expect(await store.rename(id, 'My phone', noon)).toBe(false);
        expect(await store.find(id, noon)).toBeNull();
      });
    });

    describe('end', () => {
      it('ends a session permanently and does not change others', async () => {
        const [session, other] = [aSession({ userId: 'ann' }), aSession({ userId: 'ann' })];
        await store.insert(session);
        await store.insert(other);
        expect(await store.end(session.id, 'signed_out', noon)).toBe(true);
        expect(await store.find(session.id, noon)).toBeNull();
        expect(await store.find(other.id, noon)).toEqual(other);
      });

      it('returns true to one of many racing callers', async () => {
        const session = aSession();
        await store.insert(session);
        const ended = await Promise.all(range(20).map(() => store.end(session.id, 'signed_out', noon)));
        expect(ended.filter(Boolean)).toHaveLength(1);
      });

      it('does nothing to an expired session', async () => {
        const session = aSession();
        await store.insert(session);
        expect(await store.end(session.id, 'signed_out', after(60))).toBe(false);
        expect((await store.endingOf(session.id, after(60)))?.reason).toBe('expired');
      });
    });

    describe('endAll', () => {
      it('ends all live sessions of a user except one, and returns their ids', async () => {
        const [kept, first, second] = range(3).map(() => aSession({ userId: 'ann' }));
        const [expired, others] = [
          aSession({ userId: 'ann', expiresAt: after(1) }),
          aSession({ userId: 'ben' }),
        ];
        for (const session of [kept!, first!, second!, expired, others]) await store.insert(session);
        const ended = await store.endAll('ann', 'password_changed', after(1), kept!.id);
        expect(ended.toSorted()).toEqual([first!.id, second!.id].toSorted());
        expect(await store.findByUser('ann', after(1))).toEqual([kept]);
        expect(await store.findByUser('ben', after(1))).toEqual([others]);
        expect((await store.endingOf(first!.id, after(1)))?.reason).toBe('password_changed');
      });

      it('ends sessions of each kind', async () => {
        const sessions = VARIETIES.map((facts) => aSession({ userId: 'ann', ...facts }));
        for (const session of sessions) await store.insert(session);
        const ended = await store.endAll('ann', 'password_changed', after(1));
        expect(ended.toSorted()).toEqual(sessions.map(({ id }) => id).toSorted());
        for (const session of sessions)
          expect(await store.endingOf(session.id, after(1))).toEqual({
            session,
            reason: 'password_changed',
            at: after(1),
          });
      });

      it('ends all sessions without an exception', async () => {
        for (const session of range(3).map(() => aSession({ userId: 'ann' }))) await store.insert(session);
        expect(await store.endAll('ann', 'ended_by_admin', noon)).toHaveLength(3);
        expect(await store.endAll('ann', 'ended_by_admin', noon)).toEqual([]);
      });

      it('returns each session to one of many racing callers', async () => {
        const sessions = range(5).map(() => aSession({ userId: 'ann' }));
        for (const session of sessions) await store.insert(session);
        const ended = await Promise.all(range(10).map(() => store.endAll('ann', 'signed_out', noon)));
        expect(ended.flat().toSorted()).toEqual(sessions.map(({ id }) => id).toSorted());
      });
    });

    describe('endingOf', () => {
      it('returns why and when a session was ended, with the session', async () => {
        const session = aSession();
        await store.insert(session);
        await store.end(session.id, 'ended_by_admin', after(5));
        expect(await store.endingOf(session.id, after(6))).toEqual({
          session,
          reason: 'ended_by_admin',
          at: after(5),
        });
      });

      for (const reason of END_REASONS)
        it(`tells that it is over as ${reason}`, async () => {
          const session = aSession({ kind: 'access_token' });
          await store.insert(session);
          await store.end(session.id, reason, noon);
          expect((await store.endingOf(session.id, noon))?.reason).toBe(reason);
        });

      it('returns when a session expired', async () => {
        const session = aSession();
        await store.insert(session);
        expect(await store.endingOf(session.id, after(60))).toEqual({
          session,
          reason: 'expired',
          at: after(60),
        });
      });

      it('keeps the first reason', async () => {
        const session = aSession();
        await store.insert(session);
        await store.end(session.id, 'evicted', noon);
        await store.end(session.id, 'signed_out', after(1));
        expect((await store.endingOf(session.id, after(1)))?.reason).toBe('evicted');
      });

      it('returns null for a live and an unknown session', async () => {
        const session = aSession();
        await store.insert(session);
        expect(await store.endingOf(session.id, noon)).toBeNull();
        expect(await store.endingOf(aSession().id, noon)).toBeNull();
      });

      it('keeps the ending for a day and no longer', async () => {
        const session = aSession();
        await store.insert(session);
        await store.end(session.id, 'signed_out', noon);
        expect(
          await store.endingOf(session.id, new Date(noon.getTime() + ENDING_KEPT_FOR - 1)),
        ).not.toBeNull();
        expect(await store.endingOf(session.id, new Date(noon.getTime() + ENDING_KEPT_FOR))).toBeNull();
      });
    });

    describe('stateOf', () => {
      it('returns a live session without an ending, to the millisecond', async () => {
        const session = aSession({ label: 'My phone' });
        await store.insert(session);
        expect(await store.stateOf(session.id, after(60, -1))).toEqual({ session, ending: null });
      });

      it('returns an ended session with the reason and the time, for a day', async () => {
        const session = aSession();
        await store.insert(session);
        await store.end(session.id, 'ended_elsewhere', after(5));
        const state = { session, ending: { reason: 'ended_elsewhere', at: after(5) } };
        const forgotten = after(5).getTime() + ENDING_KEPT_FOR;
        for (const now of [after(5), after(90), new Date(forgotten - 1)])
          expect(await store.stateOf(session.id, now)).toEqual(state);
        expect(await store.stateOf(session.id, new Date(forgotten))).toBeNull();
      });

      it('returns an expired session with its expiry, for a day', async () => {
        const session = aSession();
        await store.insert(session);
        const state = { session, ending: { reason: 'expired', at: after(60) } };
        const forgotten = after(60).getTime() + ENDING_KEPT_FOR;
        for (const now of [after(60), new Date(forgotten - 1)])
          expect(await store.stateOf(session.id, now)).toEqual(state);
        expect(await store.stateOf(session.id, new Date(forgotten))).toBeNull();
      });

      it('returns the present secret and label, also of a session that has ended', async () => {
        const session = aSession();
        await store.insert(session);
        await store.rotate(session.id, session.secretHash, 'next', after(1));
        await store.rename(session.id, 'My phone', after(1));
        await store.end(session.id, 'signed_out', after(2));
        expect((await store.stateOf(session.id, after(3)))?.session).toEqual({
          ...session,
          secretHash: 'next',
          label: 'My phone',
          lastSeenAt: after(1),
        });
      });

      it('returns null for an unknown id', async () => {
        await store.insert(aSession());
        for (const id of [aSession().id, '', '__proto__', '\0', "' or 1=1 --"])
          expect(await store.stateOf(id, noon)).toBeNull();
      });

      it('returns copies', async () => {
        const [live, ended] = [aSession(), aSession()];
        for (const session of [live, ended]) await store.insert(session);
        await store.end(ended.id, 'signed_out', noon);
        for (const { id } of [live, ended]) {
          const state = (await store.stateOf(id, noon))!;
          const before = structuredClone(state);
          state.session.expiresAt.setTime(0);
          state.ending?.at.setTime(0);
          expect(await store.stateOf(id, noon)).toEqual(before);
        }
      });
    });

    const limited = (policy: 'evict_oldest' | 'refuse', max = 2) => ({ max, policy });
    const annAt = (minute: number) =>
      aSession({ userId: 'ann', createdAt: after(minute), expiresAt: after(60) });

    describe('a session that a new one replaces', () => {
      const INSERTED = { outcome: 'inserted', evicted: [] };

      for (const limit of [undefined, limited('evict_oldest', 1), limited('refuse', 1)])
        it(`ends as signed out and is not counted, with the limit ${JSON.stringify(limit)}`, async () => {
          const [replaced, session] = [annAt(0), annAt(1)];
          await store.insert(replaced);
          expect(await store.insert(session, limit, replaced.id)).toEqual(INSERTED);
          expect(await store.findByUser('ann', after(1))).toEqual([session]);
          expect(await store.endingOf(replaced.id, after(1))).toEqual({
            session: replaced,
            reason: 'signed_out',
            at: after(1),
          });
        });

      it('leaves the other sessions to the limit', async () => {
        const [first, replaced, third, session] = range(4).map(annAt);
        for (const one of [first!, replaced!, third!]) await store.insert(one);
        const result = await store.insert(session!, limited('evict_oldest'), replaced!.id);
        expect(result).toEqual({ outcome: 'inserted', evicted: [first!.id] });
        expect(await store.findByUser('ann', after(4))).toEqual([session, third]);
        expect((await store.endingOf(replaced!.id, after(4)))?.reason).toBe('signed_out');
      });

      it('ends also if the limit refuses the new one', async () => {
        const [replaced, second, third, session] = range(4).map(annAt);
        for (const one of [replaced!, second!, third!]) await store.insert(one);
        const result = await store.insert(session!, limited('refuse'), replaced!.id);
        expect(result).toEqual({ outcome: 'refused' });
        expect(await store.findByUser('ann', after(4))).toEqual([third, second]);
        expect(await store.stateOf(session!.id, after(4))).toBeNull();
        expect((await store.endingOf(replaced!.id, after(4)))?.reason).toBe('signed_out');
      });

      for (const [what, id] of [
        ['an unknown one', aSession().id],
        ['one of no id', ''],
        ['one of a malicious id', '__proto__'],
      ] as const)
        it(`changes nothing if it is ${what}`, async () => {
          const [first, session] = [annAt(0), annAt(1)];
          await store.insert(first);
          expect(await store.insert(session, limited('refuse'), id)).toEqual(INSERTED);
          expect(await store.findByUser('ann', after(1))).toEqual([session, first]);
          expect(await store.insert(annAt(2), limited('refuse'), id)).toEqual({ outcome: 'refused' });
        });

      it('keeps its reason and time if it has ended or expired already', async () => {
        const [ended, expired] = [annAt(0), { ...annAt(0), expiresAt: after(1) }];
        for (const one of [ended, expired]) await store.insert(one);
        await store.end(ended.id, 'evicted', after(1));
        for (const { id } of [ended, expired]) {
          const before = await store.endingOf(id, after(2));
          expect(before).not.toBeNull();
          expect(await store.insert(annAt(2), undefined, id)).toEqual(INSERTED);
          expect(await store.endingOf(id, after(2))).toEqual(before);
        }
      });

      it('ends also if it belongs to another user, whose other sessions stay', async () => {
        const bens = range(2).map((minute) => aSession({ userId: 'ben', createdAt: after(minute) }));
        const [first, second, session] = range(3).map(annAt);
        for (const one of [...bens, first!, second!]) await store.insert(one);
        const result = await store.insert(session!, limited('evict_oldest'), bens[0]!.id);
        expect(result).toEqual({ outcome: 'inserted', evicted: [first!.id] });
        expect(await store.findByUser('ann', after(3))).toEqual([session, second]);
        expect(await store.findByUser('ben', after(3))).toEqual([bens[1]]);
        expect((await store.endingOf(bens[0]!.id, after(3)))?.reason).toBe('signed_out');
      });

      for (const limit of [undefined, limited('evict_oldest', 3), limited('refuse', 3)])
        it(`ends once for 20 racing sign-ins, with the limit ${JSON.stringify(limit)}`, async () => {
          const replaced = annAt(0);
          await store.insert(replaced);
          const results = await Promise.all(
            range(20).map((ms) =>
              store.insert(aSession({ userId: 'ann', createdAt: after(1, ms) }), limit, replaced.id),
            ),
          );
          const inserted = results.filter((result) => result.outcome === 'inserted');
          const evicted = inserted.flatMap((result) => result.evicted);
          expect(inserted).toHaveLength(limit?.policy === 'refuse' ? 3 : 20);
          expect(new Set(evicted).size).toBe(evicted.length);
          expect(evicted).not.toContain(replaced.id);
          expect(evicted).toHaveLength(limit?.policy === 'evict_oldest' ? 17 : 0);
          expect(await store.findByUser('ann', after(2))).toHaveLength(limit ? 3 : 20);
          expect((await store.endingOf(replaced.id, after(2)))?.reason).toBe('signed_out');
        });

      it('ends soon if two users take over the sessions of each other at the same time', async () => {
        const started = performance.now();
        for (const round of range(10)) {
          const [ann, ben] = [`ann-${round}`, `ben-${round}`];
          const [anns, bens] = [aSession({ userId: ann }), aSession({ userId: ben })];
          for (const one of [anns, bens]) await store.insert(one);
          const takeOver = (userId: string, replaced: StoredSession) =>
            store.insert(aSession({ userId, createdAt: after(1) }), limited('evict_oldest', 1), replaced.id);
          const results = await Promise.all([takeOver(ann, bens), takeOver(ben, anns)]);
          expect(results.map(({ outcome }) => outcome)).toEqual(['inserted', 'inserted']);
          for (const userId of [ann, ben]) expect(await store.findByUser(userId, after(2))).toHaveLength(1);
          for (const { id } of [anns, bens]) expect(await store.find(id, after(2))).toBeNull();
        }
        expect(performance.now() - started).toBeLessThanOrEqual(PROMPT);
      });
    });

    describe('a limit', () => {
      it('evicts the oldest session, and returns its id', async () => {
        const sessions = range(4).map(annAt);
        const evicted: string[][] = [];
        for (const session of sessions) {
          const result = await store.insert(session, limited('evict_oldest'));
          evicted.push(result.outcome === 'inserted' ? [...result.evicted] : ['refused']);
        }
        expect(evicted).toEqual([[], [], [sessions[0]!.id], [sessions[1]!.id]]);
        expect(await store.findByUser('ann', after(4))).toEqual([sessions[3], sessions[2]]);
        expect((await store.endingOf(sessions[0]!.id, after(4)))?.reason).toBe('evicted');
      });

      it('evicts several sessions if there are too many, oldest first', async () => {
        const sessions = range(4).map(annAt);
        for (const session of sessions) await store.insert(session);
        expect(await store.insert(annAt(4), limited('evict_oldest'))).toEqual({
          outcome: 'inserted',
          evicted: sessions.slice(0, 3).map(({ id }) => id),
        });
      });

      it('refuses one more and stores nothing of it', async () => {
        const [first, second, third] = range(3).map(annAt);
        await store.insert(first!, limited('refuse'));
        await store.insert(second!, limited('refuse'));
        expect(await store.insert(third!, limited('refuse'))).toEqual({ outcome: 'refused' });
        expect(await store.findByUser('ann', after(3))).toEqual([second, first]);
        expect(await store.endingOf(third!.id, after(3))).toBeNull();
      });

      it('does not count ended sessions, other users and older credential versions', async () => {
        const over = { ...annAt(0), expiresAt: after(1) };
        const older = { ...annAt(0), credentialVersion: 0 };
        for (const session of [over, older, aSession({ userId: 'ben' })]) await store.insert(session);
        expect((await store.insert(annAt(2), limited('refuse', 1))).outcome).toBe('inserted');
        expect(await store.find(older.id, after(2))).toEqual(older);
      });

      for (const policy of ['evict_oldest', 'refuse'] as const)
        it(`counts access tokens and other sessions separately (${policy})`, async () => {
          const [first, second, third] = range(3).map((minute) =>
            aSession({ userId: 'ann', kind: 'access_token', createdAt: after(minute) }),
          );
          const insert = (session: StoredSession) => store.insert(session, limited(policy, 1));
          const outcomeFor = (before: StoredSession) =>
            policy === 'refuse' ? { outcome: 'refused' } : { outcome: 'inserted', evicted: [before.id] };
          await store.insert(first!);
          // A label does not make a session an access token.
          const usual = { ...annAt(3), label: 'access_token' };
          expect(await insert(usual)).toEqual({ outcome: 'inserted', evicted: [] });
          expect(await insert(second!)).toEqual(outcomeFor(first!));
          const next = { ...annAt(4), kind: 'remembered', label: 'access_token' } as const;
          expect(await insert(next)).toEqual(outcomeFor(usual));
          await store.endAll('ann', 'signed_out', after(5), usual.id);
          expect(await insert({ ...third!, createdAt: after(6) })).toEqual({
            outcome: 'inserted',
            evicted: [],
          });
        });

      for (const kind of ['session', 'remembered'] as const)
        it(`counts what was renamed, of the kind ${kind}`, async () => {
          const first = { ...annAt(0), kind };
          await store.insert(first);
          await store.rename(first.id, 'access_token', after(1));
          expect(await store.insert(annAt(2), limited('refuse', 1))).toEqual({ outcome: 'refused' });
        });

      for (const [policy, kind] of [
        ['evict_oldest', 'session'],
        ['refuse', 'session'],
        ['refuse', 'access_token'],
      ] as const)
        it(`holds exactly under parallel inserts (${policy}, ${kind})`, async () => {
          const results = await Promise.all(
            range(50).map(() => store.insert({ ...annAt(0), kind }, limited(policy, 5))),
          );
          expect(await store.findByUser('ann', after(1))).toHaveLength(5);
          const inserted = results.filter((result) => result.outcome === 'inserted');
          expect(inserted).toHaveLength(policy === 'refuse' ? 5 : 50);
          expect(new Set(inserted.flatMap(({ evicted }) => evicted)).size).toBe(inserted.length - 5);
        });
    });

    describe('counting', () => {
      it('counts the live sessions in steps, if the store can count', async () => {
        const counting: object = store;
        if (!countsLive(counting)) return;
        const count = async (now: Date) => {
          let total = 0;
          for await (const live of counting.countLive(now, 2)) total += live;
          return total;
        };
        expect(await count(noon)).toBe(0);
        const [first, second] = await Promise.all(
          ['ann', 'ann', 'ann', 'bob', 'kim'].map(async (userId) => {
            const session = aSession({ userId, expiresAt: after(userId === 'kim' ? 5 : 60) });
            await store.insert(session);
            return session;
          }),
        );
        expect(await Promise.all([count(noon), count(noon)])).toEqual([5, 5]);
        await store.end(first!.id, 'signed_out', noon);
        expect(await count(noon)).toBe(4);
        expect(await count(after(5))).toBe(3);
        await store.touch(second!.id, after(6), after(90));
        expect(await count(after(60))).toBe(1);
      });
    });

    describe('a sweep', () => {
      /** Sweeps the whole store. Returns the number of deleted sessions of each step. */
      const sweep = async (now: Date, limit: number) => {
        const forgotten: number[] = [];
        for (let isLast = false; !isLast;) {
          const step = await store.sweep(now, limit);
          forgotten.push(step.forgotten);
          isLast = step.isLast;
        }
        return forgotten;
      };
      const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

      it('deletes only sessions that ended a day ago, in steps', async () => {
        const live = aSession({ expiresAt: NEVER });
        const ended = aSession({ expiresAt: NEVER });
        const expired = range(5).map(() => aSession());
        for (const session of [live, ended, ...expired]) await store.insert(session);
        await store.end(ended.id, 'signed_out', noon);
        const dayAfter = new Date(after(60).getTime() + ENDING_KEPT_FOR);
        const steps = await sweep(dayAfter, 4);
        expect(Math.max(...steps)).toBeLessThanOrEqual(4);
        expect(sum(steps)).toBe(forgetsByItself ? 0 : 6);
        expect(sum(await sweep(dayAfter, 4))).toBe(0);
        expect(await store.find(live.id, dayAfter)).toEqual(live);
      });

      it('deletes in the next sweep what this one has passed', async () => {
        for (const session of range(5).map(() => aSession())) await store.insert(session);
        const dayAfter = new Date(after(60).getTime() + ENDING_KEPT_FOR);
        const early = await sweep(noon, 2);
        expect(sum([...early, ...(await sweep(dayAfter, 2))])).toBe(forgetsByItself ? 0 : 5);
      });

      for (const over of [0, 1, 2])
        it(`keeps the other sessions of a user (${over} has ended)`, async () => {
          const sessions = range(3).map((index) =>
            aSession({ userId: 'ann', ...(index !== over && { expiresAt: NEVER }) }),
          );
          for (const session of sessions) await store.insert(session);
          const dayAfter = new Date(after(60).getTime() + ENDING_KEPT_FOR);
          await sweep(dayAfter, 10);
          const left = sessions.filter((_, index) => index !== over).map(({ id }) => id);
          const found = (await store.findByUser('ann', dayAfter)).map(({ id }) => id);
          expect(new Set(found)).toEqual(new Set(left));
        });

      it('keeps sessions that ended less than a day ago', async () => {
        const session = aSession();
        await store.insert(session);
        await store.end(session.id, 'signed_out', noon);
        expect(sum(await sweep(new Date(noon.getTime() + ENDING_KEPT_FOR - 1), 10))).toBe(0);
        expect(await store.endingOf(session.id, after(1))).not.toBeNull();
      });

      it('keeps a session that was touched in time', async () => {
        const session = aSession();
        await store.insert(session);
        await store.touch(session.id, after(59), NEVER);
        expect(sum(await sweep(new Date(after(60).getTime() + ENDING_KEPT_FOR), 10))).toBe(0);
      });

      it('keeps a session that was renewed in time, until a day after its end', async () => {
        const session = aSession();
        await store.insert(session);
        const proof = aProof(after(59), after(3 * 24 * 60));
        await store.rotate(session.id, session.secretHash, 'next', after(59), proof);
        const dayAfter = new Date(after(60).getTime() + ENDING_KEPT_FOR);
        expect(sum(await sweep(dayAfter, 10))).toBe(0);
        expect(await store.find(session.id, dayAfter)).toMatchObject({ id: session.id, ...proof });
        const end = new Date(proof.expiresAt.getTime() + ENDING_KEPT_FOR);
        expect(sum(await sweep(end, 10))).toBe(forgetsByItself ? 0 : 1);
      });

      it('deletes a session whose expiry a proof moved earlier, a day after that', async () => {
        const session = aSession({ expiresAt: NEVER });
        await store.insert(session);
        const proof = aProof(after(1), after(30));
        await store.rotate(session.id, session.secretHash, 'next', after(1), proof);
        const dayAfter = new Date(after(30).getTime() + ENDING_KEPT_FOR);
        expect(sum(await sweep(dayAfter, 10))).toBe(forgetsByItself ? 0 : 1);
      });
    });

    for (const [way, spoil] of Object.entries(spoilings))
      describe(`an entry that cannot be read: ${way}`, () => {
        let notes: string[];
        const warn = Logger.prototype.warn;
        let spoilt: StoredSession;
        beforeEach(async () => {
          notes = [];
          Logger.prototype.warn = (note: unknown) => void notes.push(String(note));
          spoilt = aSession({ userId: 'ann' });
          await store.insert(spoilt);
          await spoil(spoilt);
        });
        afterEach(() => {
          Logger.prototype.warn = warn;
        });

        it('is not a session, and no method changes it', async () => {
          const { id, secretHash } = spoilt;
          expect(await store.find(id, noon)).toBeNull();
          expect(await store.endingOf(id, noon)).toBeNull();
          expect(await store.stateOf(id, noon)).toBeNull();
          await store.insert(aSession({ userId: 'ann' }), undefined, id);
          expect(await store.stateOf(id, noon)).toBeNull();
          await store.rotate(id, secretHash, 'next', after(1));
          await store.rename(id, 'My phone', after(1));
          await store.end(id, 'signed_out', after(1));
          expect(await store.find(id, after(1))).toBeNull();
          expect(await store.endingOf(id, after(1))).toBeNull();
        });

        it('does not affect other sessions of its user in lists, limits and ends', async () => {
          const [first, second] = [
            aSession({ userId: 'ann' }),
            aSession({ userId: 'ann', createdAt: after(1) }),
          ];
          expect((await store.insert(first)).outcome).toBe('inserted');
          expect(await store.findByUser('ann', noon)).toEqual([first]);
          const limit = { max: 2, policy: 'refuse' } as const;
          expect((await store.insert(second, limit)).outcome).toBe('inserted');
          expect(await store.find(second.id, after(1))).toEqual(second);
          expect(await store.findByUser('ann', after(1))).toEqual([second, first]);
          const ended = await store.endAll('ann', 'ended_by_admin', after(2));
          expect(ended.filter((id) => id !== spoilt.id).toSorted()).toEqual([first.id, second.id].toSorted());
          expect(await store.findByUser('ann', after(2))).toEqual([]);
        });

        it('is not among the entries, and stops no sweep', async () => {
          const other = aSession({ expiresAt: NEVER });
          await store.insert(other);
          const ids: string[] = [];
          for await (const { session } of store.entries()) ids.push(session.id);
          expect(ids).toEqual([other.id]);
          const dayAfter = new Date(after(60).getTime() + ENDING_KEPT_FOR);
          for (let isLast = false; !isLast;) ({ isLast } = await store.sweep(dayAfter, 10));
          expect(await store.find(other.id, dayAfter)).toEqual(other);
        });

        it('is logged once', async () => {
          const other = aSession();
          await store.insert(other);
          for (let round = 0; round < 5; round += 1) {
            await store.findByUser('ann', noon);
            await store.endingOf(spoilt.id, noon);
            expect(await Promise.all([store.find(spoilt.id, noon), store.find(other.id, noon)])).toEqual([
              null,
              other,
            ]);
          }
          expect(notes.filter((note) => note.includes(spoilt.id)).length).toBeLessThanOrEqual(1);
          expect(notes.filter((note) => note.includes('cannot be read')).length).toBeGreaterThanOrEqual(1);
          expect(new Set(notes).size).toBe(notes.length);
        });
      });

    describe('the entries', () => {
      const idsIn = async (entries: AsyncIterable<SessionEntry>) => {
        const ids = new Set<string>();
        for await (const { session } of entries) ids.add(session.id);
        return ids;
      };
      const insertMany = async (count: number) => {
        const sessions = range(count).map(() => aSession());
        for (let start = 0; start < count; start += 100)
          await Promise.all(sessions.slice(start, start + 100).map((session) => store.insert(session)));
        return sessions.map(({ id }) => id);
      };

      it('are none in an empty store', async () => {
        expect(await idsIn(store.entries())).toEqual(new Set());
      });

      it('are the live, ended and expired sessions with all facts', async () => {
        const live = aSession({ userId: 'ann', expiresAt: NEVER, client: { ip: null, userAgent: null } });
        const ended = aSession({ userId: 'ann', credentialVersion: 7, ...VARIETIES.at(-1) });
        const expired = aSession({ expiresAt: after(1) });
        for (const session of [live, ended, expired]) await store.insert(session);
        await store.end(ended.id, 'evicted', after(5));
        const entries = new Map<string, SessionEntry>();
        for await (const entry of store.entries()) entries.set(entry.session.id, entry);
        expect(entries).toEqual(
          new Map([
            [live.id, { session: live, ended: null }],
            [ended.id, { session: ended, ended: { reason: 'evicted', at: after(5) } }],
            [expired.id, { session: expired, ended: null }],
          ]),
        );
      });

      it('are complete if there are many', async () => {
        const ids = await insertMany(1001);
        expect(await idsIn(store.entries())).toEqual(new Set(ids));
      });

      it('include all sessions that exist the whole time, while others change', async () => {
        const swept = aSession({ createdAt: new Date(noon.getTime() - 2 * ENDING_KEPT_FOR) });
        await store.insert(swept);
        const ids = await insertMany(600);
        const seen = new Set<string>();
        for await (const { session } of store.entries()) {
          if (seen.size % 100 === 0) {
            await insertMany(10);
            await store.touch(session.id, after(1), after(61));
            await store.end(session.id, 'signed_out', after(2));
            await store.sweep(noon, 1);
          }
          seen.add(session.id);
        }
        expect(ids.filter((id) => !seen.has(id))).toEqual([]);
      });

      it('are copies', async () => {
        const session = aSession();
        await store.insert(session);
        for await (const entry of store.entries()) entry.session.expiresAt.setTime(0);
        expect(await store.find(session.id, noon)).toEqual(session);
      });
    });
  });
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
