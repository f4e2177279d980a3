import type {
  EndReason,
  SessionEntry,
  SessionKind,
  SessionScope,
  StoredSession,
  Transport,
} from '../../sessions/session.js';

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

export function decode(id: string, text: string): SessionEntry {
  const words = text.split(' ', 9) as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const [expiresAt, endedAt, reason, lastSeenAt, secretHash, createdAt, version, userId, authenticatedAt] =
    words;
  const facts = JSON.parse(text.slice(words.join(' ').length)) as Facts;
  const [ip, userAgent, label = null, kind = 'session', transport = 'cookie', scope = 'write'] = facts;
  const session: StoredSession = {
    id,
    userId: decodeURIComponent(userId),
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
  return { session, ended: endedAt === '-' ? null : { reason: reason as EndReason, at: instant(endedAt) } };
}

function instant(text: string): Date {
  return new Date(Number(text));
}
