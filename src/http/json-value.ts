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
