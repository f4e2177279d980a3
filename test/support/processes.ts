import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { newFolder } from './server.js';

type Variables = Readonly<Record<string, string>>;

export const MAIN = resolve('dist/main.js');

/** `node dist/main.js` as the leader of a session and of a process group of its own. */
export function lead(variables: Variables, nodeOptions: readonly string[] = []) {
  const { PATH = '' } = process.env;
  const env = { PATH, API_HOST: '127.0.0.1', API_PORT: '0', PASSWORD_HASH_COST: '4', ...variables };
  const child = spawn(process.execPath, [...nodeOptions, MAIN], { cwd: newFolder(), env, detached: true });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk));
  const url = async () => {
    await until(() => output.includes('is ready'));
    return /ready at (\S+)/.exec(output)![1]!;
  };
  return { pid: child.pid!, output: () => output, url, ended: once(child, 'close') };
}

/** Sends a signal to a process, or to the group of a negative id, if it is still there. */
export function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (Object(error).code !== 'ESRCH') throw error;
  }
}

export async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('pgrep', ['-P', String(pid)]);
  return stdout.trim().split('\n').map(Number);
}

/** False also for a process that has ended, and whose parent has not taken note of that yet. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let round = 0; round < 600; round += 1) {
    if (await isSo()) return;
    await delay(50);
  }
  throw new Error('It did not come to that.');
}
