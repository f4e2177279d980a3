import type { Request } from 'express';

/** The request target without a path, which only OPTIONS may have (RFC 9112, section 3.2.4). */
export const NO_PATH = '*';

/** Whether a request has a valid target and exactly one Host header; HTTP/1.0 may omit it (RFC 9112, section 3.2). */
export function isWellFormed({ headers, httpVersion, method, rawHeaders, url }: Request): boolean {
  if (url === NO_PATH && method !== 'OPTIONS') return false;
  if (headers.host === undefined) return httpVersion !== '1.1';
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2)
    if (rawHeaders[index]!.length === 'host'.length && rawHeaders[index]!.toLowerCase() === 'host')
      hosts += 1;
  return hosts === 1;
}

/** Whether the path is valid percent-encoded UTF-8. The router throws on a parameter that is not. */
export function isDecodable({ path }: Pick<Request, 'path'>): boolean {
  try {
    return !path.includes('%') || decodeURIComponent(path) !== '';
  } catch {
    return false;
  }
}
