import { jsonIn } from '../../common/json.js';
import { unreadable } from '../../common/unreadable.js';
import type { EndReason } from '../../sessions/endings.js';
import { proofsIn, proofsText } from '../../sessions/proofs.js';
import type {
  SessionEntry,
  SessionKind,
  SessionScope,
  StoredSession,
  Transport,
} from '../../sessions/session.js';
import { readableEntry } from '../readable.js';

/** The JSON at the end of a line. Earlier versions wrote only the first two facts. */
type Facts = [
  ip: string | null,
  userAgent: string | null,
  label?: string | null,
  kind?: SessionKind,
  transport?: Transport,
  scope?: SessionScope,
  proofs?: string | null,
];

/**
 * Encodes an entry as one line: words that the scripts read and replace, then facts as JSON. `scripts.ts` depends on the
 * order of both. Times are epoch milliseconds; `-` means none.
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
  const proofs = proofsText(session.proofs, session.authenticatedAt);
  const facts: Facts = [client.ip, client.userAgent, label, kind, transport, scope, proofs];
  // The JSON parser of Lua does not accept unpaired surrogates.
  return `${words.join(' ')} ${JSON.stringify(facts.map((fact) => fact?.toWellFormed() ?? null))}`;
}

/** The words of a line and its facts. `scripts.ts` must accept every line that this accepts, or nobody could end it. */
const LINE = /^(\d+) (-|\d+) (\S+) (\d+) (\S+) (\d+) (\d+) (\S+) (\d+) (\[.*\])$/s;

/** Decodes a line. Returns null and writes a line to the log if it is not valid. */
export function decode(id: string, text: string): SessionEntry | null {
  const [, ...words] = LINE.exec(text) ?? [];
  const facts = jsonIn(words[9] ?? '') as Facts | undefined;
  if (!facts) return unreadable('session', id);
  const [expiresAt, endedAt, reason, lastSeenAt, secretHash, createdAt, version, userId, authenticatedAt] =
    words as [string, string, string, string, string, string, string, string, string];
  const [
    ip,
    userAgent,
    label = null,
    kind = 'session',
    transport = 'cookie',
    scope = 'write',
    proofs = null,
  ] = facts;
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
    proofs: proofsIn(proofs, instant(authenticatedAt)),
    lastSeenAt: instant(lastSeenAt),
    expiresAt: instant(expiresAt),
    client: { ip, userAgent },
  };
  const ended = endedAt === '-' ? null : { reason: reason as EndReason, at: instant(endedAt) };
  return readableEntry({ session, ended });
}

/** Decodes percent-encoding. Returns invalid text unchanged; no user has such an id. */
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
