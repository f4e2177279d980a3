import type { IncomingMessage } from 'node:http';

/** The request target without a path, which only OPTIONS may have (RFC 9112, section 3.2.4). */
export const NO_PATH = '*';

/** A target in absolute form (RFC 9112, section 3.2.2). */
const ABSOLUTE = /^https?:\/\/[^/?#]+([^?#]*)/i;

/** The path of a request target, without the query; null if it has none. */
export function pathOf(target: string): string | null {
  if (target === NO_PATH) return target;
  if (target.startsWith('/')) {
    const end = target.search(/[?#]/);
    return end < 0 ? target : target.slice(0, end);
  }
  const [, path] = (URL.canParse(target) && ABSOLUTE.exec(target)) || [];
  return path === undefined ? null : path || '/';
}

/** The path that a request asks for; `NO_PATH` if it has none. */
export function requestedPath({ message }: { readonly message: IncomingMessage }): string {
  return pathOf(message.url!) ?? NO_PATH;
}

/** Whether a request has a valid target and exactly one Host header; HTTP/1.0 may omit it (RFC 9112, section 3.2). */
export function isWellFormed({ headers, httpVersion, method, rawHeaders, url }: IncomingMessage): boolean {
  if (url === NO_PATH && method !== 'OPTIONS') return false;
  if (headers.host === undefined) return httpVersion !== '1.1';
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2)
    if (rawHeaders[index]!.length === 'host'.length && rawHeaders[index]!.toLowerCase() === 'host')
      hosts += 1;
  return hosts === 1;
}

/** Whether the path is valid percent-encoded UTF-8. The routers throw on a parameter that is not. */
export function isDecodable(path: string): boolean {
  try {
    return !path.includes('%') || decodeURIComponent(path) !== '';
  } catch {
    return false;
  }
}
