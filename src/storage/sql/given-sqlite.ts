/** What is used of a `Database` of better-sqlite3 that is handed in: its class, to open connections to the same file. */
export interface GivenSqlite {
  readonly name: string;
  readonly memory: boolean;
  readonly readonly: boolean;
  prepare(statement: string): unknown;
}
