import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { whenOver } from '../cleanup.js';
import { heldTo } from '../machine.js';

const READY = /ready at (http:\/\/\S+)/;

/** Milliseconds that a start, and an end when asked, may take. */
const PATIENCE = 30_000;

/** Which program runs, where, with which variables beside the path, and on which CPU. */
export interface Launch {
  readonly file: string;
  readonly folder: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly cpu: number | null;
  /** Of Node. */
  readonly flags?: readonly string[];
}

/** A server as a process of its own, which never outlives the comparison. */
export class Server {
  readonly #child: ChildProcess;
  #output = '';

  private constructor({ file, folder, variables, cpu, flags = [] }: Launch) {
    const [program, ...args] = heldTo(cpu, [process.execPath, ...flags, file]);
    this.#child = spawn(program, args, { cwd: folder, env: { PATH: process.env['PATH'], ...variables } });
    whenOver(() => this.stop());
    const keep = (chunk: Buffer) => (this.#output = `${this.#output}${chunk}`.slice(-20_000));
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
  }

  /** Starts one, and does not wait for it. */
  static launch(launch: Launch): Server {
    return new Server(launch);
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('The server did not start.');
    return this.#child.pid;
  }

  get output(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** The address that it says it serves at; throws what it said when it ended instead. */
  url(patience = PATIENCE): Promise<string> {
    return this.says(READY, patience);
  }

  /** Writes a line that it can read. */
  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** The first group of a pattern as soon as it has said that; throws what it said when it ended instead. */
  async says(pattern: RegExp, patience = PATIENCE): Promise<string> {
    const impatience = setTimeout(() => this.#child.kill('SIGKILL'), patience);
    try {
      return await new Promise<string>((heard, failed) => {
        const look = () => {
          const [, words] = pattern.exec(this.#output) ?? [];
          if (words !== undefined) heard(words);
        };
        look();
        this.#child.stdout?.on('data', look);
        this.#child.once('error', failed);
        this.#child.once('close', (code) =>
          failed(new Error(`The server ended with ${code}:\n${this.#output}`)),
        );
      });
    } finally {
      clearTimeout(impatience);
    }
  }

  /** Asks it to end, and insists after a while. */
  async stop(): Promise<void> {
    if (this.hasEnded || this.#child.pid === undefined) return;
    const ended = once(this.#child, 'exit');
    const impatience = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE);
    this.#child.kill('SIGTERM');
    await ended;
    clearTimeout(impatience);
  }
}
