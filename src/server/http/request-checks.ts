import type { Request } from 'express';

/** A request target that names no path: that of OPTIONS alone (RFC 9112, section 3.2.4). */
export const NO_PATH = '*';

/** Whether a request has a target, and names one host, or in HTTP/1.0 perhaps none (RFC 9112, section 3.2). */
export function isWellFormed({ headers, httpVersion, method, rawHeaders, url }: Request): boolean {
  if (url === NO_PATH && method !== 'OPTIONS') return false;
  if (headers.host === undefined) return httpVersion !== '1.1';
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2)
    if (rawHeaders[index]!.length === 'host'.length && rawHeaders[index]!.toLowerCase() === 'host')
      hosts += 1;
  return hosts === 1;
}

/** Whether the path is percent-encoded UTF-8; the router fails where a parameter is not. */
export function isDecodable({ path }: Pick<Request, 'path'>): boolean {
  try {
    return !path.includes('%') || decodeURIComponent(path) !== '';
  } catch {
    return false;
  }
}
