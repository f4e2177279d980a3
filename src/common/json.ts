/** The value of a JSON text; undefined if it is not JSON. The parser's error is dropped, because it quotes the text. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The entries of a JSON list that pass a check; none for a text that is no list. */
export function entriesIn<T>(text: string | null, isEntry: (value: unknown) => value is T): readonly T[] {
  const list = text === null ? null : jsonIn(text);
  return Array.isArray(list) ? list.filter(isEntry) : [];
}
