import type { ClientFacts, EndReason, SessionEntry, StoredSession } from '../../sessions/session.js';

/**
 * One line: the words that scripts read and replace, and then the client as JSON. `scripts.ts` knows the order of the words;
 * instants are epoch milliseconds, `-` is for what is not there.
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
  return `${words.join(' ')} ${JSON.stringify([session.client.ip, session.client.userAgent])}`;
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
  const [ip, userAgent] = JSON.parse(text.slice(words.join(' ').length)) as [string | null, string | null];
  const client: ClientFacts = { ip, userAgent };
  const session: StoredSession = {
    id,
    userId: decodeURIComponent(userId),
    secretHash,
    credentialVersion: Number(version),
    createdAt: instant(createdAt),
    authenticatedAt: instant(authenticatedAt),
    lastSeenAt: instant(lastSeenAt),
    expiresAt: instant(expiresAt),
    client,
  };
  return { session, ended: endedAt === '-' ? null : { reason: reason as EndReason, at: instant(endedAt) } };
}

function instant(text: string): Date {
  return new Date(Number(text));
}
