/** The keys of a script. In a cluster they are all in one slot. */
export type Keys = readonly [string, ...string[]];

/** What is read where a key holds another type: a text that no entry of ours is. */
export const OF_ANOTHER_TYPE = '';

/** What the stores ask of Redis. */
export interface RedisCommands {
  /** The beginning of all keys. */
  readonly prefix: string;
  readonly isCluster: boolean;
  /** A field of a hash, or null. `OF_ANOTHER_TYPE` if the key holds no hash. */
  field(key: string, field: string): Promise<string | null>;
  /** The text under a key, or null. `OF_ANOTHER_TYPE` if the key holds no text. */
  text(key: string): Promise<string | null>;
  /** All fields of a hash. Null if the key holds something else. */
  fields(key: string): Promise<Record<string, string> | null>;
  /** The keys that match a pattern, in pages. A key may come twice. */
  keys(pattern: string): AsyncGenerator<string[]>;
  /** The answer of a script that reads. */
  read(script: string, keys: Keys, args: readonly (string | number)[]): Promise<unknown>;
  /** The answer of a script that writes. */
  run(script: string, keys: Keys, args: readonly (string | number)[]): Promise<unknown>;
  /** The answer of a script that writes what must not get lost. */
  runReplicated(script: string, keys: Keys, args: readonly (string | number)[]): Promise<unknown>;
  close(): Promise<void>;
}
