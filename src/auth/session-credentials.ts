import type { SessionState } from '../sessions/session.js';
import { SessionStore } from '../sessions/session-store.js';
import { CredentialStore, FIRST_VERSION } from '../users/credential-store.js';

export interface SessionCredential extends SessionState {
  /** The credential version of the user; `FIRST_VERSION` if nothing is stored of them. */
  readonly version: number;
}

/** Finds a session, live or ended within a day, with the credential version of its user; null if there is no such session. */
export abstract class SessionCredentials {
  abstract find(sessionId: string, now: Date): Promise<SessionCredential | null>;
}

/** A session store that can find a session and the credential version of its user in one query. */
export interface JoinsCredentials {
  /** Null if these credentials are kept in another place than the sessions. */
  joinCredentials(credentials: CredentialStore): SessionCredentials | null;
}

/** Queries the two stores in one step if possible, otherwise one after the other. */
export function sessionCredentialsOf(
  sessions: SessionStore & Partial<JoinsCredentials>,
  credentials: CredentialStore,
): SessionCredentials {
  return sessions.joinCredentials?.(credentials) ?? new SeparateSessionCredentials(sessions, credentials);
}

class SeparateSessionCredentials extends SessionCredentials {
  constructor(
    private readonly sessions: SessionStore,
    private readonly credentials: CredentialStore,
  ) {
    super();
  }

  async find(sessionId: string, now: Date): Promise<SessionCredential | null> {
    const state = await this.sessions.stateOf(sessionId, now);
    if (!state) return null;
    const credential = await this.credentials.find(state.session.userId);
    return { ...state, version: credential?.version ?? FIRST_VERSION };
  }
}
