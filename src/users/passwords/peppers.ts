import { createHash } from 'node:crypto';

/** The keys that are mixed into hashes, each under the id by which hashes name it. */
export class Peppers {
  /** The one that new hashes are made with, empty where they are made without. */
  readonly current: string;
  /** Its id; null where there is none. */
  readonly currentId: string | null;
  readonly #known: ReadonlyMap<string, string>;

  constructor(current: string | null, previous: readonly string[] = []) {
    this.current = current ?? '';
    this.currentId = current === null ? null : idOf(current);
    const all = current === null ? previous : [current, ...previous];
    this.#known = new Map(all.map((pepper) => [idOf(pepper), pepper]));
  }

  /** The one that a hash names, the empty one where it names none; null where it is not known. */
  of(id: string | null): string | null {
    return id === null ? '' : (this.#known.get(id) ?? null);
  }
}

function idOf(pepper: string): string {
  return createHash('sha256').update(pepper).digest('hex').slice(0, 8);
}
