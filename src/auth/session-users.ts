import type { StoredSession } from '../sessions/session.js';
import { SessionStore } from '../sessions/session-store.js';
import type { User } from '../users/user.js';
import { UserStore } from '../users/user-store.js';

export interface SessionUser {
  readonly session: StoredSession;
  /** Null where the user is gone. */
  readonly user: User | null;
}

/** Finds a live session together with its user. */
export abstract class SessionUsers {
  abstract find(sessionId: string, now: Date): Promise<SessionUser | null>;
}

/** A session store that finds the users with the sessions in one step, where both are kept in one place. */
export interface JoinsUsers {
  /** Null where these users are kept elsewhere. */
  joinUsers(users: UserStore): SessionUsers | null;
}

/** Asks the two stores in one step where they can be, and one after the other where not. */
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
    const session = await this.sessions.find(sessionId, now);
    return session && { session, user: await this.users.find(session.userId) };
  }
}
