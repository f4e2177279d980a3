import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createClient } from '@redis/client';
import { Client } from 'pg';

/** How long anything here may take before it counts as failed. */
const PATIENCE = 20_000;
const LOCAL = '127.0.0.1';
const SLOTS = 16_384;

/** A cluster node talks to the others on a second port, this much above its own. */
const BUS = 10_000;

/**
 * Outlives us by a moment, however we end: reads which processes are up, and when we are gone ends them and
 * removes the folder. A handler of 'exit' would not do: a signal passes it by, and Jest's `process` is a copy.
 */
const GUARD = 'while read -r line; do pids=$line; done; kill -KILL $pids; rm -rf "$1"';

type Send = (...command: string[]) => Promise<unknown>;

/** Whether this machine can run an engine: its binary is there, and /proc, which tells its processes apart. */
export function has(binary: 'redis-server' | 'postgres'): boolean {
  return existsSync('/proc/self/stat') && folderWith(binary) !== undefined;
}

/** A process of its own, perhaps with children, on a free port and in a new folder; it never outlives ours. */
abstract class Engine {
  abstract readonly url: string;
  protected readonly folder = mkdtempSync(join(tmpdir(), 'coatcheck-engine-'));
  readonly #guard = spawn('sh', ['-c', GUARD, 'guard', this.folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  #child: ChildProcess | null = null;
  #output = '';

  protected constructor(readonly port: number) {}

  /** The engine's main process; undefined while it is down. */
  get pid(): number | undefined {
    const child = this.#child;
    return child && child.exitCode === null && child.signalCode === null ? child.pid : undefined;
  }

  /** Sends a signal and waits for the end; SIGKILL takes the main process and its children at one instant. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { pid } = this;
    if (pid === undefined) return;
    if (signal === 'SIGKILL') await this.freeze();
    const doomed = family(pid);
    send(signal === 'SIGKILL' ? doomed : [pid], signal);
    await this.#expect(
      'end',
      () => this.pid === undefined && !living().some((one) => doomed.includes(one.pid)),
    );
  }

  /** Starts it again on the same port and folder, ending it first if it is up; resolves when it answers. */
  async restart(): Promise<void> {
    await this.kill();
    await eventually(() => this.begin());
  }

  /** Stops the main process and its children where they are; connections stay open and nothing answers. */
  async freeze(): Promise<void> {
    const { pid } = this;
    if (pid === undefined) throw new Error(`${this.url} is down.`);
    await this.#halt([pid]);
    await this.#halt(family(pid));
    this.#entrust(family(pid));
  }

  thaw(): void {
    const { pid } = this;
    if (pid === undefined) throw new Error(`${this.url} is down.`);
    send(family(pid), 'SIGCONT');
    this.#entrust([pid]);
  }

  /** Ends it for good and removes its folder. */
  async close(): Promise<void> {
    await this.kill();
    const ended = once(this.#guard, 'exit');
    this.#guard.stdin.end();
    await ended;
  }

  protected async begin(): Promise<void> {
    const child = this.launch();
    this.#child = child;
    this.#entrust(child.pid === undefined ? [] : [child.pid]);
    child.once('exit', () => this.#entrust([]));
    child.once('error', (error) => (this.#output += error));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output = `${this.#output}${chunk}`.slice(-20_000)));
    }
    await this.#expect(
      'answer',
      () => this.ping(),
      () => this.pid === undefined,
    );
  }

  protected abstract launch(): ChildProcess;

  /** Whether it answers and has recovered what it kept. */
  protected abstract ping(): Promise<boolean>;

  async #halt(pids: readonly number[]): Promise<void> {
    send(pids, 'SIGSTOP');
    const halted = () => living().every((one) => one.state === 'T' || !pids.includes(one.pid));
    await this.#expect('stop', halted);
  }

  #entrust(pids: readonly number[]): void {
    this.#guard.stdin.write(`${pids.join(' ')}\n`);
  }

  async #expect(what: string, holds: () => boolean | Promise<boolean>, vain?: () => boolean): Promise<void> {
    const attempt = async () => {
      if (!(await holds())) throw new Error('Not yet.');
    };
    await eventually(attempt, vain).catch((cause: unknown) => {
      throw new Error(`${this.url} did not ${what}:\n${this.#output}`, { cause });
    });
  }
}

interface RedisOptions {
  readonly appendfsync?: 'always' | 'everysec';
  readonly extra?: readonly string[];
  /** With it, servers talk by TLS to each other, and to clients on a second port. */
  readonly tls?: Certificate;
}

/** The files of a certificate that is its own authority, for 127.0.0.1. */
export interface Certificate {
  readonly key: string;
  readonly certificate: string;
}

/** A new certificate in a folder. */
export function newCertificate(folder: string): Certificate {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1'];
  execFileSync('openssl', [...made, ...subject, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  return { key, certificate };
}

function tlsSettings(port: number, { key, certificate }: Certificate): Record<string, string> {
  return {
    'tls-port': `${port}`,
    'tls-cert-file': certificate,
    'tls-key-file': key,
    'tls-ca-cert-file': certificate,
    'tls-auth-clients': 'no',
    'tls-replication': 'yes',
  };
}

/** A Redis with an append-only file, by default one that is on the disk before the answer is out. */
export class RedisServer extends Engine {
  readonly url = `redis://${LOCAL}:${this.port}`;
  readonly #options: RedisOptions;

  private constructor(
    port: number,
    /** Where other servers and clients of its kind find it: the port of TLS, if it has one. */
    readonly servicePort: number,
    options: RedisOptions,
  ) {
    super(port);
    this.#options = options;
  }

  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    const port = await freePort();
    const server = new RedisServer(port, options.tls ? await freePort() : port, options);
    await orClose(server, () => server.begin());
    return server;
  }

  protected launch(): ChildProcess {
    const { appendfsync = 'always', extra = [], tls } = this.#options;
    const settings = {
      port: `${this.port}`,
      bind: LOCAL,
      dir: this.folder,
      daemonize: 'no',
      save: '',
      appendonly: 'yes',
      appendfsync,
      ...(tls && tlsSettings(this.servicePort, tls)),
    };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    return spawn(binary('redis-server'), [...args, ...extra], { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** While it loads the append-only file, Redis answers PING with an error. */
  protected async ping(): Promise<boolean> {
    return (await withRedis(this.port, (send) => send('PING'))) === 'PONG';
  }
}

/** A PostgreSQL that flushes as it does by default; started by root, it runs as the user `postgres`. */
export class PostgresServer extends Engine {
  readonly url = `postgres://coatcheck@${LOCAL}:${this.port}/postgres`;
  readonly #account = account();
  readonly #data = join(this.folder, 'data');
  readonly #extra: readonly string[];
  #isStandby = false;

  private constructor(port: number, extra: readonly string[]) {
    super(port);
    this.#extra = extra;
  }

  static async start({ extra = [] }: { readonly extra?: readonly string[] } = {}): Promise<PostgresServer> {
    const server = new PostgresServer(await freePort(), extra);
    await orClose(server, async () => {
      await server.#create();
      await server.begin();
    });
    return server;
  }

  /** Another server that follows this one, which from now on commits nothing that the other one does not have. */
  async startStandby(): Promise<PostgresServer> {
    const standby = new PostgresServer(await freePort(), this.#extra);
    await orClose(standby, async () => {
      await standby.#copy(this.port);
      standby.#isStandby = true;
      await standby.begin();
      await this.query(`alter system set synchronous_standby_names = '*'`);
      await this.query('select pg_reload_conf()');
      await eventually(() => this.#expectSynchrony());
    });
    return standby;
  }

  /** Makes a primary of a standby; resolves when it can be written. */
  async promote(): Promise<void> {
    await this.query('select pg_promote(true, 20)');
    this.#isStandby = false;
  }

  /** Lets this server be read only, also for those that are connected. */
  async makeReadOnly(): Promise<void> {
    await this.query('alter system set default_transaction_read_only = on');
    await this.query('select pg_reload_conf()');
  }

  /** The rows that a statement gives. */
  async query(statement: string): Promise<Record<string, unknown>[]> {
    const client = new Client({
      connectionString: this.url,
      connectionTimeoutMillis: 5000,
      query_timeout: PATIENCE,
    });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await client.end();
    }
  }

  protected launch(): ChildProcess {
    const settings = [`listen_addresses=${LOCAL}`, 'unix_socket_directories='];
    const args = ['-D', this.#data, '-p', `${this.port}`, ...settings.flatMap((setting) => ['-c', setting])];
    return spawn(binary('postgres'), [...args, ...this.#extra], {
      ...this.#account,
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  protected async ping(): Promise<boolean> {
    const [state] = await this.query('select pg_is_in_recovery() as recovering');
    return state?.['recovering'] === this.#isStandby;
  }

  async #expectSynchrony(): Promise<void> {
    const [standby] = await this.query('select sync_state from pg_stat_replication');
    if (standby?.['sync_state'] !== 'sync') throw new Error('The standby does not follow yet.');
  }

  async #copy(port: number): Promise<void> {
    const { uid, gid } = this.#account;
    if (uid !== undefined && gid !== undefined) chownSync(this.folder, uid, gid);
    const from = ['-h', LOCAL, '-p', `${port}`, '-U', 'coatcheck'];
    const args = [...from, '-D', this.#data, '-X', 'stream', '-c', 'fast', '-R', '--no-sync'];
    await promisify(execFile)(binary('pg_basebackup'), args, {
      ...this.#account,
      cwd: this.folder,
      timeout: PATIENCE,
    });
  }

  async #create(): Promise<void> {
    const { uid, gid } = this.#account;
    if (uid !== undefined && gid !== undefined) chownSync(this.folder, uid, gid);
    const args = [
      '--no-sync',
      '-A',
      'trust',
      '-U',
      'coatcheck',
      '-E',
      'UTF8',
      '--locale',
      'C',
      '-D',
      this.#data,
    ];
    await promisify(execFile)(binary('initdb'), args, {
      ...this.#account,
      cwd: this.folder,
      timeout: PATIENCE,
    });
  }
}

/** One of those who watch a primary and name another when it is down. */
class Sentinel extends Engine {
  readonly url = `redis://${LOCAL}:${this.port}`;

  private constructor(
    port: number,
    readonly servicePort: number,
    private readonly config: readonly string[],
  ) {
    super(port);
  }

  static async start(config: readonly string[], tls?: Certificate): Promise<Sentinel> {
    const port = await freePort();
    const servicePort = tls ? await freePort() : port;
    const settings = Object.entries(tls ? tlsSettings(servicePort, tls) : {});
    const lines = settings.map((setting) => setting.join(' '));
    const sentinel = new Sentinel(port, servicePort, [...lines, ...config]);
    await orClose(sentinel, () => sentinel.begin());
    return sentinel;
  }

  /** A sentinel writes into its file what it learns, and reads it again when it is restarted. */
  protected launch(): ChildProcess {
    const file = join(this.folder, 'sentinel.conf');
    const lines = [`port ${this.port}`, `bind ${LOCAL}`, `dir ${this.folder}`, ...this.config];
    if (!existsSync(file)) writeFileSync(file, `${lines.join('\n')}\n`);
    return spawn(binary('redis-server'), [file, '--sentinel'], { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  protected async ping(): Promise<boolean> {
    return (await withRedis(this.port, (send) => send('PING'))) === 'PONG';
  }
}

/** A primary with replicas. */
export class ReplicatedRedis {
  protected constructor(readonly servers: readonly RedisServer[]) {}

  static async start({ replicas = 1 } = {}): Promise<ReplicatedRedis> {
    return new ReplicatedRedis(await startReplicated(replicas));
  }

  /** The server that takes writes. */
  async primary(): Promise<RedisServer> {
    for (const server of this.servers.filter(({ pid }) => pid !== undefined)) {
      const [role] = (await withRedis(server.port, (send) => send('ROLE'))) as [string];
      if (role === 'master') return server;
    }
    throw new Error('No server is the primary.');
  }

  /** Makes a server the primary, and the others its replicas. */
  async promote(server: RedisServer): Promise<void> {
    await withRedis(server.port, (send) => send('REPLICAOF', 'NO', 'ONE'));
    for (const other of this.servers.filter((one) => one !== server))
      await withRedis(other.port, (send) => send('REPLICAOF', LOCAL, `${server.port}`));
  }

  /** Starts what is down, and waits until all but one follow the primary. */
  async mend(): Promise<void> {
    const primary = await this.primary();
    for (const server of this.servers.filter(({ pid }) => pid === undefined)) {
      await server.restart();
      await command(server.port, 'REPLICAOF', LOCAL, `${primary.port}`);
    }
    await eventually(async () => hasReplicas(await this.primary(), this.servers.length - 1));
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.close()));
  }
}

/** A primary, two replicas and three sentinels, who agree after a second that a server is down. */
export class SentinelRedis extends ReplicatedRedis {
  static readonly SERVICE = 'coats';

  private constructor(
    servers: readonly RedisServer[],
    readonly sentinels: readonly Sentinel[],
    private readonly tls: Certificate | undefined,
  ) {
    super(servers);
  }

  static override async start({
    tls,
  }: { readonly tls?: Certificate; readonly replicas?: number } = {}): Promise<SentinelRedis> {
    const servers = await startReplicated(2, tls);
    const sentinels: Sentinel[] = [];
    const all = new SentinelRedis(servers, sentinels, tls);
    const { SERVICE } = SentinelRedis;
    const config = [
      `sentinel monitor ${SERVICE} ${LOCAL} ${servers[0]!.servicePort} 2`,
      `sentinel down-after-milliseconds ${SERVICE} 1000`,
      `sentinel failover-timeout ${SERVICE} 10000`,
    ];
    await orClose(all, async () => {
      while (sentinels.length < 3) sentinels.push(await Sentinel.start(config, tls));
      for (const { port } of sentinels) await eventually(() => knowsAll(port));
    });
    return all;
  }

  get url(): string {
    const hosts = this.sentinels.map(({ servicePort }) => `${LOCAL}:${servicePort}`).join(',');
    return `${this.tls ? 'rediss' : 'redis'}-sentinel://${hosts}/${SentinelRedis.SERVICE}`;
  }

  /** Has the sentinels name another primary while the old one goes on answering. */
  async failOver(): Promise<void> {
    await withRedis(this.sentinels[0]!.port, (send) => send('SENTINEL', 'FAILOVER', SentinelRedis.SERVICE));
  }

  override async close(): Promise<void> {
    await Promise.all(this.sentinels.map((sentinel) => sentinel.close()));
    await super.close();
  }
}

/** Whether a sentinel knows both replicas and both other sentinels. */
async function knowsAll(port: number): Promise<void> {
  const info = String(await withRedis(port, (send) => send('INFO', 'sentinel')));
  if (!info.includes('status=ok') || !info.includes('slaves=2,sentinels=3')) throw new Error(info);
}

async function hasReplicas(server: RedisServer, count: number): Promise<void> {
  const info = String(await withRedis(server.port, (send) => send('INFO', 'replication')));
  if ([...info.matchAll(/^slave\d+:.*state=online/gm)].length < count) throw new Error(info);
}

async function startReplicated(replicas: number, tls?: Certificate): Promise<RedisServer[]> {
  const prompt = ['--repl-diskless-sync-delay', '0'];
  const servers = [await RedisServer.start({ extra: prompt, tls })];
  const all = {
    async close() {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
  await orClose(all, async () => {
    const extra = [...prompt, '--replicaof', LOCAL, `${servers[0]!.servicePort}`];
    while (servers.length <= replicas) servers.push(await RedisServer.start({ extra, tls }));
    await eventually(() => hasReplicas(servers[0]!, replicas));
  });
  return servers;
}

/** Redis servers of which the first share all the slots evenly; the others are replicas, of one of those each. */
export class RedisCluster {
  private constructor(
    readonly nodes: readonly RedisServer[],
    private readonly primaries: number,
    private readonly tls: Certificate | undefined,
  ) {}

  static async start({
    primaries = 3,
    replicas = 0,
    tls,
  }: {
    readonly primaries?: number;
    readonly replicas?: number;
    readonly tls?: Certificate;
  } = {}): Promise<RedisCluster> {
    const extra = [
      '--cluster-enabled',
      'yes',
      '--cluster-node-timeout',
      '2000',
      '--repl-diskless-sync-delay',
      '0',
      ...(tls ? ['--tls-cluster', 'yes'] : []),
    ];
    const started: RedisServer[] = [];
    const cluster = new RedisCluster(started, primaries, tls);
    await orClose(cluster, async () => {
      while (started.length < primaries + replicas) started.push(await RedisServer.start({ extra, tls }));
      await cluster.#meet();
      await cluster.#replicate();
    });
    return cluster;
  }

  get ports(): readonly number[] {
    return this.nodes.map((node) => node.port);
  }

  get url(): string {
    const nodes = this.nodes.map(({ servicePort }) => `${LOCAL}:${servicePort}`);
    return `${this.tls ? 'rediss' : 'redis'}-cluster://${nodes.join(',')}`;
  }

  /** The server that takes writes for the slots that one of the first had at first. */
  async primaryOf(index: number): Promise<RedisServer> {
    const port = Number(
      await withRedis(this.#alive().port, async (send) => {
        const slots = (await send('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
        return slots.find(([from]) => from === Math.floor((SLOTS * index) / this.primaries))?.[2][1];
      }),
    );
    const server = this.nodes.find((node) => node.port === port);
    if (!server) throw new Error(`No server has the slots of node ${index}.`);
    return server;
  }

  /** Starts what is down, and waits until each primary has a replica. */
  async mend(): Promise<void> {
    for (const node of this.nodes.filter(({ pid }) => pid === undefined)) await node.restart();
    for (let index = 0; index < this.primaries; index += 1)
      await eventually(async () => hasReplicas(await this.primaryOf(index), 1));
  }

  #alive(): RedisServer {
    return this.nodes.find(({ pid }) => pid !== undefined)!;
  }

  /** Moves slots, or the first so many, with their keys from one node to another while clients use them. */
  async reshard(slots: readonly number[] | number, from: number, to: number): Promise<void> {
    const source = this.#port(from);
    const target = this.#port(to);
    const others = this.ports.filter((port) => port !== source && port !== target);
    const sourceId = await withRedis(source, myId);
    const targetId = await withRedis(target, myId);
    const chosen = typeof slots === 'number' ? (await withRedis(source, mySlots)).slice(0, slots) : slots;
    await withRedis(source, (atSource) =>
      withRedis(target, async (atTarget) => {
        for (const slot of chosen.map(String)) {
          await atTarget('CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId);
          await atSource('CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId);
          await moveKeys(atSource, slot, target);
          await atTarget('CLUSTER', 'SETSLOT', slot, 'NODE', targetId);
          await atSource('CLUSTER', 'SETSLOT', slot, 'NODE', targetId);
        }
      }),
    );
    for (const port of others) {
      await withRedis(port, (send) =>
        Promise.all(chosen.map((slot) => send('CLUSTER', 'SETSLOT', `${slot}`, 'NODE', targetId))),
      );
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
  }

  async #meet(): Promise<void> {
    const [first, ...others] = this.nodes as [RedisServer, ...RedisServer[]];
    const share = (index: number) => Math.floor((SLOTS * index) / this.primaries);
    for (const [index, port] of this.ports.entries()) {
      await withRedis(port, async (send) => {
        if (index < this.primaries)
          await send('CLUSTER', 'ADDSLOTSRANGE', `${share(index)}`, `${share(index + 1) - 1}`);
        await send('CLUSTER', 'SET-CONFIG-EPOCH', `${index + 1}`);
      });
    }
    await withRedis(first.port, async (send) => {
      for (const { servicePort } of others) await send('CLUSTER', 'MEET', LOCAL, `${servicePort}`);
    });
    for (const port of this.ports) await eventually(() => this.#agrees(port));
  }

  async #replicate(): Promise<void> {
    const pairs = this.nodes.slice(this.primaries).map((replica, index) => {
      return [this.nodes[index % this.primaries]!, replica] as const;
    });
    for (const [primary, replica] of pairs) {
      const id = await withRedis(primary.port, myId);
      await withRedis(replica.port, (send) => send('CLUSTER', 'REPLICATE', id));
      await eventually(() => hasReplicas(primary, 1));
    }
  }

  async #agrees(port: number): Promise<void> {
    const info = String(await withRedis(port, (send) => send('CLUSTER', 'INFO')));
    const known = info.includes(`cluster_known_nodes:${this.nodes.length}\r\n`);
    if (!known || !info.includes('cluster_state:ok')) throw new Error(`The node at ${port} says:\n${info}`);
  }

  #port(index: number): number {
    const port = this.ports[index];
    if (port === undefined) throw new Error(`The cluster has no node ${index}.`);
    return port;
  }
}

async function moveKeys(atSource: Send, slot: string, target: number): Promise<void> {
  for (;;) {
    const keys = (await atSource('CLUSTER', 'GETKEYSINSLOT', slot, '100')) as string[];
    if (keys.length === 0) return;
    await atSource('MIGRATE', LOCAL, `${target}`, '', '0', '5000', 'KEYS', ...keys);
  }
}

async function myId(send: Send): Promise<string> {
  return String(await send('CLUSTER', 'MYID'));
}

/** The slots that a node serves, from its own line of CLUSTER NODES: eight words, then `5` or `7-9` each. */
async function mySlots(send: Send): Promise<number[]> {
  const [mine = ''] = /^.*\bmyself\b.*$/m.exec(String(await send('CLUSTER', 'NODES'))) ?? [];
  const ranges = mine.split(' ').slice(8);
  return ranges
    .filter((range) => !range.startsWith('['))
    .flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

/** What the Redis at a port of this machine answers to a command. */
export function command(port: number, ...words: readonly string[]): Promise<unknown> {
  return withRedis(port, (send) => send(...words));
}

async function withRedis<T>(port: number, use: (send: Send) => Promise<T>): Promise<T> {
  const client = createClient({
    socket: { host: LOCAL, port, connectTimeout: 5000, socketTimeout: 10_000, reconnectStrategy: false },
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return await use((...command) => client.sendCommand(command));
  } finally {
    if (client.isOpen) client.destroy();
  }
}

async function orClose(engine: { close(): Promise<void> }, begin: () => Promise<void>): Promise<void> {
  try {
    await begin();
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** Repeats an action until it does not throw; gives up with what it threw last, late or as soon as all is in vain. */
export async function eventually(action: () => Promise<unknown>, vain = () => false): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    try {
      await action();
      return;
    } catch (error) {
      if (vain() || Date.now() > deadline) throw error;
    }
    await setTimeout(10);
  }
}

/** The processes that have not ended: a zombie has. */
function living(): { pid: number; parent: number; state: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = statOf(name);
      const [state = 'Z', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return state === 'Z' ? [] : [{ pid: Number(name), parent: Number(parent), state }];
    });
}

function family(pid: number): number[] {
  return living()
    .filter((one) => one.pid === pid || one.parent === pid)
    .map((one) => one.pid);
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return ') Z 0';
  }
}

function send(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Below the range of outgoing connections, lest one sits on the port between a kill and a restart. */
export async function freePort(): Promise<number> {
  const port = 10_000 + Math.floor(Math.random() * 12_000);
  return (await isFree(port)) && (await isFree(port + BUS)) ? port : freePort();
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, LOCAL, () => server.close(() => resolve(true)));
  });
}

function account(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const ask = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: ask('-u'), gid: ask('-g') };
}

function binary(name: string): string {
  const folder = folderWith(name);
  if (folder === undefined) throw new Error(`This machine has no ${name}.`);
  return join(folder, name);
}

function folderWith(name: string): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.map((version) => join(debian, version, 'bin')),
  ];
  return folders.find((folder) => existsSync(join(folder, name)));
}
