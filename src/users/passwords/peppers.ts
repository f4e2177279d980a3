import { createHash } from 'node:crypto';

/** The keys that are mixed into hashes, each under the id that hashes contain. */
export class Peppers {
  /** The pepper of new hashes; empty for none. */
  readonly current: string;
  /** The id of the current pepper; null for none. */
  readonly currentId: string | null;
  readonly #known: ReadonlyMap<string, string>;

  constructor(current: string | null, previous: readonly string[] = []) {
    this.current = current ?? '';
    this.currentId = current === null ? null : idOf(current);
    const all = current === null ? previous : [current, ...previous];
    this.#known = new Map(all.map((pepper) => [idOf(pepper), pepper]));
  }

  /** The pepper with an id; the empty one for null, and null for an unknown id. */
  of(id: string | null): string | null {
    return id === null ? '' : (this.#known.get(id) ?? null);
  }
}

function idOf(pepper: string): string {
  return createHash('sha256').update(pepper).digest('hex').slice(0, 8);
}
