import { readFileSync } from 'node:fs';

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
}

const [base = '', email = '', password = ''] = process.argv.slice(2);
const description = JSON.parse(readFileSync('generated/openapi.json', 'utf8')) as Description;

/** Every operation, with what matches its requests; paths without parameters come first. */
const operations = Object.entries(description.paths)
  .toSorted(([one], [other]) => Number(one.includes('{')) - Number(other.includes('{')))
  .flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId }]) => ({
      id: operationId,
      method: method.toUpperCase(),
      path: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
    })),
  );
const called = new Set<string>();

/** The server under test and its administrator. */
export const server = { base, email, password };

/** `fetch` that keeps the session cookie and notes which operation each request is. */
export function newBrowser(): typeof fetch {
  let cookie: string | null = null;
  return async (input, init) => {
    const request = new Request(input, init);
    if (cookie !== null) request.headers.set('Cookie', cookie);
    const path = new URL(request.url).pathname.slice(new URL(base).pathname.length);
    const operation = operations.find((one) => one.method === request.method && one.path.test(path));
    if (!operation) throw new Error(`${request.method} ${path} is not described.`);
    called.add(operation.id);
    const response = await fetch(request);
    for (const set of response.headers.getSetCookie())
      cookie = set.includes('Expires=Thu, 01 Jan 1970') ? null : set.split(';', 1)[0]!;
    return response;
  };
}

/** Ends the program, in failure if an operation was not called. */
export function finish(): void {
  const missing = operations.map(({ id }) => id).filter((id) => !called.has(id));
  if (missing.length > 0) throw new Error(`Never called: ${missing.join(', ')}.`);
  console.log(`${called.size} operations called`);
}

/** Fails with what was expected, and is sure of it afterwards. */
export function expect(condition: unknown, expectation: string): asserts condition {
  if (!condition) throw new Error(`Expected ${expectation}.`);
}
