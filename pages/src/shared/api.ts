import { apiUrl } from './place.ts';

/** Milliseconds after which a request counts as failed. */
const LONGEST = 30_000;

/** A fault in one field: a JSON pointer and a sentence in English. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

/** What a refusal says, beside its code. */
export interface Problem {
  readonly code?: string;
  readonly detail?: string;
  readonly errors?: readonly Fault[];
  readonly ended_at?: string;
  readonly factors?: readonly string[];
  readonly proofs?: readonly string[];
}

/** A request that the API refused, or that did not reach it (`unreachable`). */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly problem: Problem = {},
    /** Seconds; null for none. */
    readonly retryAfter: number | null = null,
  ) {
    super(problem.detail ?? code);
  }
}

/** An answer, and the cursor of the next page; null if there is none. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** Sends a request to the API. Throws `Refusal`. */
export async function call<T = unknown>(method: Method, path: string, body?: object): Promise<T> {
  return (await send(method, path, body)).content as T;
}

/** Gets a page of a list. `query` are the filters. */
export async function list<T>(
  path: string,
  query: Readonly<Record<string, string | null | undefined>> = {},
): Promise<Page<T>> {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const { content, headers } = await send('GET', `${path}?${new URLSearchParams(given)}`);
  return { items: content as T[], next: headers.get('Next-Cursor') };
}

async function send(method: Method, path: string, body?: object) {
  const answer = await fetch(apiUrl(path), {
    method,
    credentials: 'same-origin',
    cache: 'no-store',
    redirect: 'error',
    signal: AbortSignal.timeout(LONGEST),
    headers: body ? { 'Content-Type': 'application/json' } : {},
    body: body ? JSON.stringify(body) : null,
  }).catch(() => null);
  if (!answer) throw new Refusal(0, 'unreachable');
  const content: unknown = await answer.json().catch(() => null);
  if (answer.ok && content !== null) return { content, headers: answer.headers };
  const problem = isProblem(content) ? content : {};
  const retryAfter = Number(answer.headers.get('Retry-After')) || null;
  const code = problem.code ?? codeOf(answer.status, retryAfter);
  throw new Refusal(answer.status, code, problem, retryAfter);
}

/** The code for an answer that is not of the API, but of a proxy in front of it. */
function codeOf(status: number, retryAfter: number | null): string {
  if (status === 429) return 'too_many_requests';
  if (status === 503 && retryAfter !== null) return 'busy';
  return status >= 400 && status < 500 ? 'request_refused' : 'unreachable';
}

function isProblem(content: unknown): content is Problem {
  return typeof content === 'object' && content !== null && 'code' in content;
}
