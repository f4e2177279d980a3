import { createHmac } from 'node:crypto';
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

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The answer of a browser with a passkey that the server does not know. */
export const strangePasskey = { id: 'AA', rawId: 'AA', type: 'public-key', response: {} };

/** The server under test and its administrator. */
export const server = { base, email, password };

/** `fetch` that keeps cookies and notes which operation each request is. */
export function newBrowser(): typeof fetch {
  const cookies = new Map<string, string>();
  return async (input, init) => {
    const request = new Request(input, init);
    if (cookies.size > 0) request.headers.set('Cookie', [...cookies.values()].join('; '));
    const path = new URL(request.url).pathname.slice(new URL(base).pathname.length);
    const operation = operations.find((one) => one.method === request.method && one.path.test(path));
    if (!operation) throw new Error(`${request.method} ${path} is not described.`);
    called.add(operation.id);
    const response = await fetch(request);
    for (const set of response.headers.getSetCookie()) {
      const [cookie = ''] = set.split(';', 1);
      const [name = ''] = cookie.split('=', 1);
      if (set.includes('Expires=Thu, 01 Jan 1970')) cookies.delete(name);
      else cookies.set(name, cookie);
    }
    return response;
  };
}

/** The code of an authenticator app (RFC 6238), `steps` of half a minute from now. */
export function codeOf(secret: string, steps = 0): string {
  const bits = Array.from(secret, (letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac('sha1', key).update(counter).digest();
  const number = hash.readUInt32BE(hash[19]! & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
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
