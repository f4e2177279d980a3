import { jsonIn } from '../../common/json.js';
import { unreadable } from '../../common/unreadable.js';
import type {
  EndReason,
  SessionEntry,
  SessionKind,
  SessionScope,
  StoredSession,
  Transport,
} from '../../sessions/session.js';
import { readableEntry } from '../readable.js';

/** What is behind the words; an older version wrote the first two alone. */
type Facts = [
  ip: string | null,
  userAgent: string | null,
  label?: string | null,
  kind?: SessionKind,
  transport?: Transport,
  scope?: SessionScope,
];

/**
 * One line: the words that scripts read and replace, and then facts as JSON. `scripts.ts` knows the order of both; instants are
 * epoch milliseconds, `-` is for what is not there.
 */
export function encode({ session, ended }: SessionEntry): string {
  const words = [
    session.expiresAt.getTime(),
    ended?.at.getTime() ?? '-',
    ended?.reason ?? '-',
    session.lastSeenAt.getTime(),
    session.secretHash,
    session.createdAt.getTime(),
    session.credentialVersion,
    encodeURIComponent(session.userId),
    session.authenticatedAt.getTime(),
  ];
  const { client, label, kind, transport, scope } = session;
  const facts: Facts = [client.ip, client.userAgent, label, kind, transport, scope];
  // Lua's JSON knows no halves of characters.
  return `${words.join(' ')} ${JSON.stringify(facts.map((fact) => fact?.toWellFormed() ?? null))}`;
}

/** The words of a line and its facts. `scripts.ts` reads whatever is read here, or nobody could end it. */
const LINE = /^(\d+) (-|\d+) (\S+) (\d+) (\S+) (\d+) (\d+) (\S+) (\d+) (\[.*\])$/s;

/** The entry that a line stands for; null, and a note in the log, for a line that is not one of ours. */
export function decode(id: string, text: string): SessionEntry | null {
  const [, ...words] = LINE.exec(text) ?? [];
  const facts = jsonIn(words[9] ?? '') as Facts | undefined;
  if (!facts) return unreadable('session', id);
  const [expiresAt, endedAt, reason, lastSeenAt, secretHash, createdAt, version, userId, authenticatedAt] =
    words as [string, string, string, string, string, string, string, string, string];
  const [ip, userAgent, label = null, kind = 'session', transport = 'cookie', scope = 'write'] = facts;
  const session: StoredSession = {
    id,
    userId: decoded(userId),
    kind,
    transport,
    scope,
    label,
    secretHash,
    credentialVersion: Number(version),
    createdAt: instant(createdAt),
    authenticatedAt: instant(authenticatedAt),
    lastSeenAt: instant(lastSeenAt),
    expiresAt: instant(expiresAt),
    client: { ip, userAgent },
  };
  const ended = endedAt === '-' ? null : { reason: reason as EndReason, at: instant(endedAt) };
  return readableEntry({ session, ended });
}

/** The text as it is where it is not percent-encoded: no user has such an id. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function instant(text: string): Date {
  return new Date(Number(text));
}
