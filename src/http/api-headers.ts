import type { AnswerHeader } from './api-notes.js';

const text = (description: string) => ({ description, schema: { type: 'string' } }) as const;

/** The response headers in the description of the API. */
export const API_HEADERS = {
  'X-Request-Id': text('The id of this request, as in the log of the server.'),
  'WWW-Authenticate': text('How to authenticate (RFC 9110, section 11.6.1).'),
  'Retry-After': { description: 'Seconds to wait before trying again.', schema: { type: 'integer' } },
  'Set-Cookie': text('Sets the session cookie, or deletes it.'),
  Link: text(
    'The next page, `rel="next"` (RFC 8288), relative to the URL of the request; absent on the last page.',
  ),
  'Next-Cursor': text('The `cursor` of the next page; absent on the last page.'),
  'Content-Disposition': text('That the answer is a file, and its name (RFC 6266).'),
  'Clear-Site-Data': text('What the browser deletes of this origin (W3C Clear Site Data).'),
} as const satisfies Record<AnswerHeader | 'X-Request-Id' | 'WWW-Authenticate' | 'Retry-After', object>;

export type ApiHeader = keyof typeof API_HEADERS;

/** References to the descriptions of headers. */
export function headerReferences(names: readonly ApiHeader[]): Record<string, { $ref: string }> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
