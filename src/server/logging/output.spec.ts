import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Output } from './output.js';

const LINE = `${'x'.repeat(999)}\n`;

describe('An output', () => {
  const open: number[] = [];

  afterEach(() => {
    jest.restoreAllMocks();
    for (const descriptor of open.splice(0)) closeSync(descriptor);
  });

  function opened(path: string, flags: number): number {
    const descriptor = openSync(path, flags);
    open.push(descriptor);
    return descriptor;
  }

  /** A named pipe, with a reader that reads on request. */
  function newPipe() {
    const path = join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = opened(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const read = () => {
      const buffer = Buffer.alloc(1 << 22);
      let length = 0;
      try {
        for (let count = 1; count > 0; length += count)
          count = readSync(reader, buffer, length, buffer.length - length, null);
      } catch (error) {
        expect(error).toMatchObject({ code: 'EAGAIN' });
      }
      return buffer.toString('utf8', 0, length);
    };
    return { path, read, writer: opened(path, constants.O_WRONLY | constants.O_NONBLOCK) };
  }

  it('has written what is possible when write returns', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'log');
    const output = new Output(opened(file, constants.O_WRONLY | constants.O_CREAT));
    output.write('one\n');
    output.write('two\n');
    expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n');
  });

  it('does not block when nobody reads, and writes the queue in order later', async () => {
    const { writer, read } = newPipe();
    const output = new Output(writer);
    const lines = Array.from({ length: 200 }, (_, index) => `${String(index).padStart(999)}\n`);
    for (const line of lines) output.write(line);
    let text = '';
    while (text.length < 200_000) {
      text += read();
      await delay(5);
    }
    expect(text).toBe(lines.join(''));
    output.write('after\n');
    expect(read()).toBe('after\n');
    expect(output.flush(0)).toBe(0);
  });

  it('queues at most 1 MiB for a reader that has stopped, and reports the number of lost texts in their place', async () => {
    const { writer, read } = newPipe();
    const said: unknown[] = [];
    const output: Output = new Output(writer, {
      onLoss: (code) => said.push(code),
      onRestored: (lost) => output.write(`${lost} lost\n`),
    });
    for (let index = 0; index < 5000; index += 1) output.write(LINE);
    expect(said).toEqual(['EAGAIN']);
    let text = '';
    while (!text.endsWith('lost\n')) {
      text += read();
      await delay(5);
    }
    const [, lost] = /(\d+) lost\n$/.exec(text) ?? [];
    const written = text.split(LINE).length - 1;
    expect(written + Number(lost)).toBe(5000);
    expect(written * LINE.length).toBeLessThan((1 << 20) + 70_000);
    output.write('after\n');
    expect(read()).toBe('after\n');
  });

  it('delays no text after the queue was written', async () => {
    const { writer, read } = newPipe();
    const output = new Output(writer);
    jest.spyOn(performance, 'now').mockReturnValue(performance.now());
    for (let index = 0; index < 100; index += 1) output.write(LINE);
    read();
    await delay(100);
    expect(read()).toMatch(/x\n$/);
    output.write('after\n');
    expect(read()).toBe('after\n');
  });

  it('writes a text that is longer than the queue', async () => {
    const { writer, read } = newPipe();
    const output = new Output(writer);
    output.write(`${'x'.repeat(1 << 20)}\n`);
    let length = 0;
    while (length <= 1 << 20) {
      length += read().length;
      await delay(5);
    }
    output.write('after\n');
    expect(read()).toBe('after\n');
  });

  it.each(['EAGAIN', 'ENOSPC'])('stops trying after the timeout of flush: %s', (code) => {
    const output = new Output(code === 'ENOSPC' ? opened('/dev/full', constants.O_WRONLY) : newPipe().writer);
    for (let index = 0; index < 500; index += 1) output.write(LINE);
    const begin = performance.now();
    expect(output.flush(200)).toBeGreaterThan(400);
    expect(performance.now() - begin).toBeLessThan(400);
  });

  it('writes again after a pipe has a new reader', async () => {
    const { path, writer } = newPipe();
    const reader = open.shift()!;
    const output = new Output(writer);
    closeSync(reader);
    output.write('waits\n');
    const next = opened(path, constants.O_RDONLY | constants.O_NONBLOCK);
    await delay(600);
    const buffer = Buffer.alloc(100);
    expect(buffer.toString('utf8', 0, readSync(next, buffer))).toBe('waits\n');
  });

  it('does not change how other processes write to the same pipe', () => {
    const { writer, path } = newPipe();
    const blocking = opened(path, constants.O_WRONLY);
    new Output(blocking).write('line\n');
    const flags = (descriptor: number) =>
      parseInt(/flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))![1]!, 8);
    expect(flags(blocking) & constants.O_NONBLOCK).toBe(0);
    expect(flags(writer) & constants.O_NONBLOCK).not.toBe(0);
  });

  it('does not mix its short lines with those of others', async () => {
    const { writer, read } = newPipe();
    const outputs = ['a', 'b'].map((name) => ({ name, output: new Output(writer) }));
    for (let index = 0; index < 2000; index += 1)
      for (const { name, output } of outputs) output.write(`${name.repeat(100)}\n`);
    let text = '';
    while (text.length < 2 * 2000 * 101) {
      text += read();
      await delay(5);
    }
    expect(text.split('\n').filter((line) => !/^(a{100}|b{100}|)$/.test(line))).toEqual([]);
  });
});
