import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { newFolder } from '../../test/support/server.js';

type Variables = Readonly<Record<string, string>>;

const MAIN = resolve('dist/main.js');
const READY = /ready at (http:\/\/\S+)/;

/** Milliseconds that a start may take. */
const PATIENCE = 30_000;

/** What ends a server with this process, and what takes root's privilege to write where nobody may. */
const NOT_ALONE = ['setpriv', '--pdeathsig', 'KILL'] as const;
const UNPRIVILEGED = process.getuid?.() === 0 ? ['--bounding-set', '-all'] : [];

/** A server that may do less than this process. */
export class ConfinedServer {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  /** Starts one that may write no file but its own, or throws what it said when it ended. */
  static startUnprivileged(variables: Variables): Promise<ConfinedServer> {
    return ConfinedServer.#start([...NOT_ALONE, ...UNPRIVILEGED], variables);
  }

  /** Starts one that has the mounts of another process. */
  static startBeside(pid: number, variables: Variables): Promise<ConfinedServer> {
    return ConfinedServer.#start([...NOT_ALONE, 'nsenter', '-t', `${pid}`, '-m'], variables);
  }

  static async #start(
    command: readonly [string, ...string[]],
    variables: Variables,
  ): Promise<ConfinedServer> {
    const [program, ...args] = [...command, process.execPath, MAIN];
    const env = { PATH: process.env['PATH'], API_PORT: '0', PASSWORD_HASH_COST: '4', ...variables };
    const child = spawn(program, args, { env });
    let output = '';
    const impatience = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    try {
      const url = await new Promise<string>((ready, failed) => {
        const read = (chunk: Buffer) => {
          output += chunk;
          const [, address] = READY.exec(output) ?? [];
          if (address !== undefined) ready(address);
        };
        child.stdout.on('data', read);
        child.stderr.on('data', read);
        child.once('error', failed);
        child.once('close', (code) => failed(new Error(`The server ended with ${code}:\n${output}`)));
      });
      return new ConfinedServer(url, child);
    } finally {
      clearTimeout(impatience);
    }
  }

  /** Takes it away at one instant; false if it had ended by itself before. */
  async kill(): Promise<boolean> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return false;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
    return true;
  }
}

/** A file system of four mebibytes, which only those see who have its mounts. */
export class SmallDisk {
  private constructor(
    readonly folder: string,
    private readonly holder: ChildProcess,
  ) {}

  /** Null where this process may not mount; the mount ends with the process that holds it, and that with this one. */
  static async mount(): Promise<SmallDisk | null> {
    const folder = newFolder();
    const script = 'mount -t tmpfs -o size=4m tmpfs "$1" && echo mounted && exec cat';
    const holder = spawn('unshare', ['-m', 'sh', '-c', script, 'disk', folder]);
    const disk = new SmallDisk(folder, holder);
    const isMounted = await new Promise<boolean>((answer) => {
      createInterface(holder.stdout).once('line', () => answer(true));
      holder.once('error', () => answer(false)).once('exit', () => answer(false));
    });
    if (isMounted) return disk;
    await disk.unmount();
    return null;
  }

  get pid(): number {
    return this.holder.pid!;
  }

  /** Takes what is left of the space. */
  fill(): void {
    for (let size = 4096; size >= 1; size /= 16) this.#append(Buffer.alloc(size));
  }

  /** Gives the space back. */
  free(): void {
    rmSync(this.#filler, { force: true });
  }

  async unmount(): Promise<void> {
    if (this.holder.pid !== undefined && this.holder.exitCode === null) {
      const ended = once(this.holder, 'exit');
      this.holder.stdin?.end();
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  get #filler(): string {
    return join(`/proc/${this.pid}/root`, this.folder, 'filler');
  }

  #append(block: Buffer): void {
    try {
      for (;;) writeFileSync(this.#filler, block, { flag: 'a' });
    } catch (error) {
      if (Object(error).code !== 'ENOSPC') throw error;
    }
  }
}
