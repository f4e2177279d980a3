/** The JSON of the API that only administrators read. */
export interface AuditEvent {
  readonly id: string;
  readonly at: string;
  readonly last_at: string;
  readonly count: number;
  readonly type: string;
  readonly via: string;
  readonly actor_id: string | null;
  readonly subject_id: string | null;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly details: Readonly<Record<string, string>>;
}

/** How often events happened in an interval. */
export interface Interval {
  readonly at: string;
  readonly counts: readonly {
    readonly type: string;
    readonly reason: string | null;
    readonly count: number;
  }[];
}

/** What there is now. `sessions` is null where the store has not counted them. */
export interface Live {
  readonly sessions: number | null;
  readonly hashing: { readonly running: number; readonly waiting: number };
}
