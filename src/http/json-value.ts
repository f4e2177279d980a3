const MAX_DEPTH = 8;

/** Whether a parsed JSON value is harmless: not too deep, well-formed Unicode, no key that names a prototype. */
export function isHarmless(value: unknown, depth = 1): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((item) => isHarmless(item, depth + 1));
  return Object.entries(value).every(
    ([key, item]) => key !== '__proto__' && key.isWellFormed() && isHarmless(item, depth + 1),
  );
}

const STRINGS = /"(?:[^"\\]|\\.)*"/g;

/**
 * Whether an object in a JSON text has a duplicate member. The parser keeps only the last one, and each member has one colon
 * outside of strings, so the text then has more colons than the parsed value has members.
 */
export function hasDuplicates(json: string, value: unknown): boolean {
  const colons = json.replace(STRINGS, '').split(':').length - 1;
  return colons !== countMembers(value);
}

/** Uses a list instead of recursion, because the depth of the value is not checked yet. */
function countMembers(value: unknown): number {
  let count = 0;
  const open = [value];
  while (open.length > 0) {
    const item = open.pop();
    if (typeof item !== 'object' || item === null) continue;
    const items: unknown[] = Object.values(item);
    if (!Array.isArray(item)) count += items.length;
    open.push(...items);
  }
  return count;
}
