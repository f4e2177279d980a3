import { readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Server, makeDatabase, newFolder, operate } from '../../test/support/server.js';
import { Wire, type WireAnswer, requestOf } from '../../test/support/wire.js';
import { type Attempt, type Fact, type Name, PEOPLE, fillIn } from './attempt.js';

const API = '/api/v1';
const PASSWORD = 'correct horse battery';
const KEEPER = 'keeper@example.com';
const PRELOAD = pathToFileURL(resolve('proof/fuzz/watch-prototypes.js')).href;

const DAY = 86_400_000;

/** Milliseconds after which something that is sent counts as left without an answer. */
const PATIENCE = 30_000;

type Facts = Readonly<Record<Fact, string>>;
type Body = Readonly<Record<string, string>>;

/** A server with a few people, who are made anew when what was sent has signed them out or worse. */
export class Harness {
  readonly #facts = new Map<Name, Facts>();
  #keeper: Facts = NOBODY;
  #made = 0;

  private constructor(
    readonly name: string,
    readonly server: Server,
    private readonly folder: string,
    private readonly dialect: string,
    private readonly remembers: boolean,
    private readonly takesTokens: boolean,
  ) {}

  static async open(dialect: string, type: string): Promise<Harness> {
    const folder = newFolder();
    const variables = { AUTH_COMPAT: dialect, AUTH_TYPE: type };
    await makeDatabase(folder, variables);
    const args = ['user', 'create', '--password-stdin', '--role', 'admin', '--email', KEEPER];
    const { code, stderr } = await operate(folder, args, { input: PASSWORD, variables });
    if (code !== 0) throw new Error(stderr);
    const server = await Server.start(folder, {
      ...variables,
      REGISTRATION: dialect === 'alx' ? 'signed_in' : 'open',
      TRUST_PROXY: '1',
      STORE_TIMEOUT: '10s',
      LOG_LEVEL: 'silent',
      NODE_OPTIONS: `--import=${PRELOAD}`,
    });
    const [remembers, takesTokens] = [type !== 'basic_auth', type.includes('token_auth')];
    return new Harness(`${type} in ${dialect}`, server, folder, dialect, remembers, takesTokens);
  }

  /** The bytes of an attempt, for the people that there are now. */
  bytesOf(attempt: Attempt): Buffer {
    const fill = (text: string) => fillIn(text, (fact, name) => (this.#facts.get(name) ?? NOBODY)[fact]);
    if (attempt.kind === 'raw') return Buffer.from(fill(attempt.text));
    const headers = attempt.headers.map(([name, value]) => [name, asBytes(fill(value))] as const);
    const body = attempt.body === undefined ? undefined : fill(attempt.body);
    return requestOf(attempt.method, asBytes(fill(attempt.target)), headers, body);
  }

  /** All that is answered to bytes; null if nothing was in time. */
  async send(wire: Wire, attempt: Attempt, bytes: Buffer): Promise<readonly WireAnswer[] | null> {
    const answered =
      attempt.kind === 'raw'
        ? wire.askOnce(bytes)
        : wire.ask(bytes, attempt.method).then((answer) => (answer ? [answer] : null));
    const patience = new AbortController();
    const late = delay(PATIENCE, null, { signal: patience.signal }).catch(() => null);
    const answers = await Promise.race([answered, late]);
    patience.abort();
    return answers;
  }

  /** Sees to it that everyone can sign in and nobody has too many rights. */
  async tidyUp(): Promise<void> {
    for (const name of PEOPLE) {
      const { cookie, basic, bearer, program } = this.#facts.get(name) ?? NOBODY;
      const { status, body } = await this.#api('GET', '/users/me', { Cookie: cookie, Authorization: basic });
      const isRight = this.dialect === 'alx' || body['role'] === (name === 'admin' ? 'admin' : 'user');
      if (status !== 200 || !isRight || !(await this.#takes(bearer, program))) await this.#replace(name);
    }
  }

  /** What the prototypes look like that all objects of the server share. */
  async prototypes(): Promise<string> {
    const digests = () => this.server.output().match(/^prototypes \w+$/gm) ?? [];
    const told = digests().length;
    if (!this.server.signal('SIGUSR2')) return 'untold';
    for (let waits = 0; digests().length === told && waits < 1000; waits += 1) await delay(10);
    return digests().at(told) ?? 'untold';
  }

  /** Resident memory in MiB; null where the machine does not tell. */
  get memory(): number | null {
    try {
      const status = readFileSync(`/proc/${this.server.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
    } catch {
      return null;
    }
  }

  /** Stops the server; false if it had ended by itself, or does not end well. */
  async close(): Promise<boolean> {
    const code = await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
    return code === 0;
  }

  /** Whether all of these tokens are good, where any are. */
  async #takes(...tokens: readonly string[]): Promise<boolean> {
    for (const token of tokens.filter(Boolean)) {
      const { status } = await this.#api('GET', '/users/me', { Authorization: `Bearer ${token}` });
      if (status !== 200) return false;
    }
    return true;
  }

  async #replace(name: Name): Promise<void> {
    // Who removes people and gives roles has to have signed in of late.
    this.#keeper = await this.#signIn(KEEPER, '');
    await this.#api('DELETE', `/users/${this.#facts.get(name)?.id ?? 'nobody'}`, this.#keys);
    const email = `${name}-${(this.#made += 1)}@example.com`;
    const { body } = await this.#api('POST', '/users', this.#keys, { email, password: PASSWORD });
    const id = String(body['id']);
    if (name === 'admin') await this.#api('PUT', `/users/${id}`, this.#keys, { role: 'admin' });
    this.#facts.set(name, await this.#signIn(email, id));
  }

  get #keys(): Body {
    return { Cookie: this.#keeper.cookie, Authorization: this.#keeper.basic };
  }

  async #signIn(email: string, id: string): Promise<Facts> {
    const basic = `Basic ${Buffer.from(`${email}:${PASSWORD}`).toString('base64')}`;
    const facts = { ...NOBODY, id, email, basic, password: PASSWORD };
    if (!this.remembers) return facts;
    const credentials = { email, password: PASSWORD };
    const { cookie } = await this.#api('POST', '/auth_session/login', {}, credentials);
    if (!this.takesTokens) return { ...facts, cookie };
    const login = await this.#api('POST', '/auth_session/login', {}, { ...credentials, transport: 'bearer' });
    const bearer = String(login.body['token']);
    const [session = ''] = bearer.split('.');
    const wish = { label: 'Backup', scope: 'write', expires_at: new Date(Date.now() + DAY).toISOString() };
    const keys = { Authorization: `Bearer ${bearer}` };
    const made = await this.#api('POST', '/access_tokens', keys, wish);
    return { ...facts, cookie, bearer, session, program: String(made.body['token']) };
  }

  async #api(
    method: string,
    path: string,
    headers: Body,
    body?: Body,
  ): Promise<{ status: number; cookie: string; body: Record<string, unknown> }> {
    const isForm = this.dialect === 'alx' && path.endsWith('/login');
    const content = body && (isForm ? new URLSearchParams(body).toString() : JSON.stringify(body));
    const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json';
    const lines = Object.entries({ ...headers, ...(content && { 'Content-Type': type }) });
    const wire = new Wire(this.server.url);
    const known = lines.filter(([, value]) => value !== '');
    const answer = await wire.ask(requestOf(method, API + path, known, content), method);
    wire.close();
    const [cookie = ''] = (answer?.headers.get('set-cookie') ?? '').split(';', 1);
    return {
      status: answer?.status ?? 0,
      cookie,
      body: JSON.parse(answer?.body || '{}') as Record<string, unknown>,
    };
  }
}

const NOBODY: Facts = {
  cookie: '',
  bearer: '',
  program: '',
  basic: '',
  id: 'nobody',
  session: 'nobody',
  email: '',
  password: '',
};

/** The bytes of UTF-8, one to a character. */
function asBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}
