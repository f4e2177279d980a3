import { setTimeout as delay } from 'node:timers/promises';

/** What a server answered. */
export interface Answer {
  readonly status: number;
  /** The cookies that it set, as a client sends them back. */
  readonly cookie: string;
  readonly body: string;
}

/** What is sent with a request; the body as JSON. */
export interface Parts {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** How often a server that is busy is asked, and the milliseconds between. */
const TRIES = 4;
const PAUSE = 1000;

/** Sends a request, and again where a 503 asks for that: while much is prepared, a deadline may be missed. */
export async function send(method: string, url: string, parts: Parts = {}): Promise<Answer> {
  let answer = await sendOnce(method, url, parts);
  for (let tries = 1; answer.status === 503 && tries < TRIES; tries++) {
    await delay(PAUSE);
    answer = await sendOnce(method, url, parts);
  }
  return answer;
}

/** The same, where anything but success is an error. */
export async function demand(method: string, url: string, parts: Parts): Promise<Answer> {
  const answer = await send(method, url, parts);
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw new Error(`${method} ${url} answered ${answer.status}: ${answer.body}`);
}

async function sendOnce(method: string, url: string, { headers = {}, body }: Parts): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'Content-Type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]);
  return { status: response.status, cookie: cookies.join('; '), body: await response.text() };
}
