import type { Request } from 'express';

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether a method changes nothing, whoever asks (RFC 9110, section 9.2.1). */
export function isSafe(method: string): boolean {
  return SAFE.has(method);
}

/** Whether a page elsewhere can send this only after a preflight, and without the visitor's cookies. */
export function needsPreflight({ headers }: Request): boolean {
  const isSimple = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)/i;
  return headers.cookie === undefined && !isSimple.test(headers['content-type'] ?? '');
}
