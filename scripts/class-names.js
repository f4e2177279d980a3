/**
 * What esbuild makes with `keepNames`, with the names of classes alone. Nest reads those, and shows them in logs and in the
 * description of the API. esbuild would keep those of functions too, and name each anew whenever it is made, which costs a server half
 * of its speed.
 */
export function keepClassNamesOnly(code) {
  return code
    .replaceAll(
      /\b__name\(this, ("[^"]*")\)/g,
      'Object.defineProperty(this, "name", { value: $1, configurable: true })',
    )
    .replace(/^var __name = .*$/m, 'var __name = (target) => target;');
}
