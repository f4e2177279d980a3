import type { SessionState } from '../sessions/session.js';
import { SessionStore } from '../sessions/session-store.js';
import type { DirectoryAccounts } from '../users/accounts.js';
import { type Identity, identityOf } from '../users/identity.js';
import { UserStore } from '../users/user-store.js';
import type { SessionCredentials } from './session-credentials.js';

export interface SessionUser extends SessionState {
  /** Null if the user was deleted; not looked up for an ended session where that takes another query. */
  readonly owner: Identity | null;
}

/** Finds a session, live or ended within a day, together with its user; null if there is no such session. */
export abstract class SessionUsers {
  abstract find(sessionId: string, now: Date): Promise<SessionUser | null>;
}

/** A session store that can find a session and its user in one query. */
export interface JoinsUsers {
  /** Null if these users are kept in another place than the sessions. */
  joinUsers(users: UserStore): SessionUsers | null;
}

/** Queries the two stores in one step if possible, otherwise one after the other. */
export function sessionUsersOf(sessions: SessionStore & Partial<JoinsUsers>, users: UserStore): SessionUsers {
  return sessions.joinUsers?.(users) ?? new SeparateSessionUsers(sessions, users);
}

class SeparateSessionUsers extends SessionUsers {
  constructor(
    private readonly sessions: SessionStore,
    private readonly users: UserStore,
  ) {
    super();
  }

  async find(sessionId: string, now: Date): Promise<SessionUser | null> {
    const state = await this.sessions.stateOf(sessionId, now);
    if (!state || state.ending) return state && { ...state, owner: null };
    const user = await this.users.find(state.session.userId);
    return { ...state, owner: user && identityOf(user) };
  }
}

/** The sessions of the users of an application's own directory. */
export class DirectorySessionUsers extends SessionUsers {
  constructor(
    private readonly sessions: SessionCredentials,
    private readonly accounts: DirectoryAccounts,
  ) {
    super();
  }

  async find(sessionId: string, now: Date): Promise<SessionUser | null> {
    const found = await this.sessions.find(sessionId, now);
    if (!found) return null;
    const { session, ending, version } = found;
    const owner = ending ? null : await this.accounts.findIdentity(session.userId, version);
    return { session, ending, owner };
  }
}
