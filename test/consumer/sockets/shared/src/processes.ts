import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The application in a process of its own, on a free port of 127.0.0.1. */
export class Server {
  private constructor(
    readonly url: string,
    readonly child: ChildProcess,
    readonly output: () => string,
  ) {}

  /** A program that does not say that it is ready has a known URL. */
  static async start(variables: Record<string, string>, program = 'server.js', known = ''): Promise<Server> {
    const file = join(dirname(process.argv[1]!), program);
    const child = spawn(process.execPath, [file], { env: { ...process.env, ...variables } });
    let output = '';
    const url = await new Promise<string>((ready, failed) => {
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          output += chunk.toString();
          const [, address] = /ready at (\S+)\n/.exec(output) ?? [];
          if (address !== undefined) ready(address);
        });
      if (known !== '') void answering(known).then(() => ready(known));
      child.once('exit', (code) => failed(new Error(`The server ended with ${code}:\n${output}`)));
    });
    return new Server(url, child, () => output);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}

/** Resolves when something answers at a URL, after at most ten seconds. */
async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return;
    await delay(100);
  }
  throw new Error(`Nothing answers at ${url}.`);
}
