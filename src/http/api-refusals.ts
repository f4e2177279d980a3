import type { ErrorCode } from '../common/refusals.js';
import { type ApiHeader, headerReferences } from './api-headers.js';
import { PROBLEM_CODES, problemDocument, problemFor } from '../common/problem.js';
import { ENDING_CODES } from '../sessions/endings.js';
import { isSafe } from '../auth/request-checks.js';
import type { Route } from './route-table.js';

/** The facts, besides the route, that decide which refusals an operation has. */
export interface RefusalFacts {
  readonly hasBody: boolean;
  readonly hasQuery: boolean;
  /** The names of the security schemes of the server. */
  readonly schemes: readonly string[];
  /** The codes that the handler names itself. */
  readonly own: readonly ErrorCode[];
}

/** The refusals that every request can get, even before routing. */
const EVERYWHERE: readonly ErrorCode[] = [
  'malformed_request',
  'host_not_allowed',
  'request_timeout',
  'expectation_failed',
  'headers_too_large',
  'internal_error',
];

const BODY: readonly ErrorCode[] = [
  'malformed_json',
  'duplicate_member',
  'validation_failed',
  'value_not_storable',
  'body_too_large',
  'unsupported_media_type',
];

/** The headers of refusals by status, besides the id of the request. */
const HEADERS: Readonly<Record<number, readonly ApiHeader[]>> = {
  401: ['WWW-Authenticate', 'Set-Cookie'],
  429: ['Retry-After'],
  503: ['Retry-After'],
};

const REQUEST_ID = '4b1b6c1e-7c8a-4f0e-9d0a-0a6a2f0f5f0b';

/** The codes of the refusals that an operation may have, in the order of the table of codes. */
export function refusalCodes(route: Route, facts: RefusalFacts): ErrorCode[] {
  const codes = new Set<ErrorCode>([...EVERYWHERE, ...facts.own]);
  const add = (condition: boolean, ...more: readonly ErrorCode[]) => {
    if (condition) for (const code of more) codes.add(code);
  };
  const isAuthenticated = route.access !== 'public';
  const changes = !isSafe(route.method);
  const { schemes } = facts;
  add(facts.hasBody, ...BODY);
  add(facts.hasQuery, 'validation_failed');
  add(changes, 'cross_site_request');
  add(isAuthenticated, 'credentials_invalid', 'store_unavailable');
  add(route.access === 'required', 'credentials_missing');
  add(isAuthenticated && schemes.some((name) => name === 'session' || name === 'bearer'), ...ENDING_CODES);
  add(isAuthenticated && schemes.includes('basic'), 'too_many_attempts', 'too_many_requests', 'busy');
  add(isAuthenticated && changes && schemes.includes('bearer'), 'scope_required');
  add(route.needsRole, 'role_required');
  add(route.maxAge !== null, 'session_not_fresh');
  return PROBLEM_CODES.filter((code) => codes.has(code));
}

/** The responses with these codes, by status. */
export function refusalResponses(codes: readonly ErrorCode[]): Record<string, object> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = problemFor(code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      group.length === 1 ? { $ref: `#/components/responses/${nameOf(group[0]!)}` } : responseOf(group),
    ]),
  );
}

/** The responses with one code each, by its name. */
export const SHARED_RESPONSES: Readonly<Record<string, object>> = Object.fromEntries(
  PROBLEM_CODES.map((code) => [nameOf(code), responseOf([code])]),
);

function responseOf(codes: readonly ErrorCode[]): object {
  const [first] = codes;
  const { status } = problemFor(first!);
  return {
    description: codes.map((code) => `\`${code}\`: ${problemFor(code).detail}`).join('\n\n'),
    headers: headerReferences(['X-Request-Id', ...(HEADERS[status] ?? [])]),
    content: {
      'application/problem+json': {
        schema: {
          allOf: [
            { $ref: '#/components/schemas/Problem' },
            { type: 'object', properties: { code: { type: 'string', enum: codes } } },
          ],
        },
        example: problemDocument(problemFor(first!), REQUEST_ID),
      },
    },
  };
}

/** `body_too_large` as the name of a component: `BodyTooLarge`. */
function nameOf(code: ErrorCode): string {
  return code.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
