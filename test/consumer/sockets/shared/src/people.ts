export const PASSWORD = 'several unrelated words 9';

/** The status and body of a request, and the cookie that the response sets. */
export async function request(
  url: string,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
) {
  const response = await fetch(url + path, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
    cookie: response.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '',
  };
}

/** Registers users, and returns their ids. The first one is an administrator, and creates the others. */
export async function register(url: string, ...names: string[]): Promise<string[]> {
  const ids: string[] = [];
  let cookie = '';
  for (const name of names) {
    const user = { email: `${name}@example.com`, password: PASSWORD };
    const { status, body } = await request(url, 'POST', '/users', user, cookie === '' ? {} : { cookie });
    if (status !== 201) throw new Error(`${name}: ${status} ${JSON.stringify(body)}`);
    ids.push(String(body.id));
    if (cookie === '') cookie = await signIn(url, name);
  }
  return ids;
}

/** The answer to the request for an access token. */
export async function accessToken(url: string, cookie: string, scope: 'read' | 'write') {
  const expires_at = new Date(Date.now() + 3_600_000).toISOString();
  const wanted = { label: 'a machine', scope, expires_at };
  const { status, body } = await request(url, 'POST', '/access_tokens', wanted, { cookie });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return { id: String(body.id), token: String(body.token) };
}

/** The cookie of a new session. */
export async function signIn(url: string, name: string): Promise<string> {
  const { status, cookie } = await request(url, 'POST', '/auth_session/login', {
    email: `${name}@example.com`,
    password: PASSWORD,
  });
  if (status !== 200) throw new Error(`${name} cannot sign in: ${status}`);
  return cookie;
}

/** The token of a new session. */
export async function signInByToken(url: string, name: string): Promise<string> {
  const { body } = await request(url, 'POST', '/auth_session/login', {
    email: `${name}@example.com`,
    password: PASSWORD,
    transport: 'bearer',
  });
  return String(body.token);
}
