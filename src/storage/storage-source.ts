import type { Backend } from './backend.js';
import type { TablePolicy } from './table-options.js';

/** Where something is stored, as `sqlite()`, `postgres()`, `redis()` and `memory()` describe it. */
export abstract class StorageSource {
  /** What it is, for logs and errors. Without secrets. */
  abstract readonly label: string;
  /** False where only sessions can be stored. */
  abstract readonly storesUsers: boolean;

  /** Opens the stores. `timeout` is for one call, in milliseconds. `close` closes nothing that was handed in. */
  abstract open(timeout: number, tables?: TablePolicy): Promise<Backend>;
}
