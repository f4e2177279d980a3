/** What a server answered. */
export interface Answer {
  readonly status: number;
  /** The cookies that it set, as a client sends them back. */
  readonly cookie: string;
  readonly body: string;
}

type Headers = Readonly<Record<string, string>>;

/** Sends one request with a JSON body, if any. */
export async function send(
  method: string,
  url: string,
  { headers = {}, body }: { readonly headers?: Headers; readonly body?: unknown } = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'Content-Type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]);
  return { status: response.status, cookie: cookies.join('; '), body: await response.text() };
}

/** The same, where anything but success is an error. */
export async function demand(...request: Parameters<typeof send>): Promise<Answer> {
  const answer = await send(...request);
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw new Error(`${request[0]} ${request[1]} answered ${answer.status}: ${answer.body}`);
}
