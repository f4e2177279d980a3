/** The headers of a response, as Node's `ServerResponse` has them; a response of Express is one, too. */
export interface ResponseHeaders {
  /** Whether the response has begun, so that its headers cannot change. */
  readonly headersSent: boolean;
  getHeader(name: string): number | string | readonly string[] | undefined;
  /** Replaces a header. An array becomes one header line for each value. */
  setHeader(name: string, value: number | string | readonly string[]): unknown;
  /** Adds a header line, and keeps those that are set. */
  appendHeader(name: string, value: string): unknown;
  removeHeader(name: string): unknown;
}

/** The values of a header, one for each header line; empty if it is not set. */
export function valuesOf(headers: ResponseHeaders, name: string): string[] {
  return [headers.getHeader(name) ?? []].flat().map(String);
}

/** Adds a request header to `Vary` (RFC 9110, section 12.5.5), unless it is named already. */
export function addToVary(headers: ResponseHeaders, field: string): void {
  const value = valuesOf(headers, 'Vary').join(', ');
  const named = new Set(value.split(',').map((name) => name.trim().toLowerCase()));
  if (named.has('*') || named.has(field.toLowerCase())) return;
  headers.setHeader('Vary', value === '' ? field : `${value}, ${field}`);
}
