import { InvalidArgumentError, Option } from 'commander';
import type { Generator } from './load/generator.js';
import { DEFAULT_GENERATOR, GENERATORS } from './load/generators.js';

/** How often each server is measured. */
export function rounds(byDefault: number): Option {
  return new Option('--rounds <n>', 'how often each server is measured')
    .default(byDefault)
    .argParser(positiveInteger);
}

/** How long one measurement takes. */
export const SECONDS = new Option('--seconds <n>', 'how long each measurement takes')
  .default(8)
  .argParser(positiveInteger);

/** How long servers are warmed up. */
export const WARM_UP = new Option('--warm-up <n>', 'seconds that each server is warmed up')
  .default(20)
  .argParser(positiveInteger);

/** What makes the requests. */
export const GENERATOR = new Option('--generator <name>', 'what makes the requests')
  .choices(Object.keys(GENERATORS))
  .default(DEFAULT_GENERATOR);

/** How many requests a second are made, whatever the answers take. */
export const RATE = new Option('--rate <n>', 'signed-in requests a second')
  .default(400)
  .argParser(positiveInteger);

/** Which servers take part. */
export const ONLY = new Option(
  '--only <substring,...>',
  'measure only servers with one of these in their name',
).argParser((text) => text.split(',').map((part) => part.trim().toLowerCase()));

/** How many live sessions there are, the fewest first, which the others are compared with. */
export const SESSIONS = new Option('--sessions <n,...>', 'live sessions at a time, the fewest first')
  .default([1000, 100_000, 1_000_000])
  .argParser(ascending);

/** How many users there are. */
export const USERS = new Option('--users <n>', 'users in each database')
  .default(1_000_000)
  .argParser(positiveCount);

/** Where the figures go. */
export const OUT = new Option('--out <file>', 'where all figures go as JSON (default: in build/bench)');

/** What those options come to. */
export interface LoadOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly generator: Generator['name'];
  readonly out?: string;
}

/** Those that were asked for, all when none were; throws where there are none. */
export function chosen<T extends { readonly name: string }>(
  contestants: readonly T[],
  only: readonly string[] | undefined,
): readonly T[] {
  if (only === undefined) return contestants;
  const found = contestants.filter(({ name }) => only.some((part) => name.toLowerCase().includes(part)));
  if (found.length > 0) return found;
  throw new Error(`No server is named so; there are:\n  ${contestants.map(({ name }) => name).join('\n  ')}`);
}

function ascending(text: string): number[] {
  const numbers = text.split(',').map(Number);
  const isAscending = numbers.every(
    (number, index) => Number.isInteger(number) && number > (numbers[index - 1] ?? 0),
  );
  if (!isAscending) throw new InvalidArgumentError('They must be numbers from 1, the least first.');
  return numbers;
}

function positiveCount(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('It must be a number from 1.');
  return Number(text);
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a number from 1.');
  return Number(text);
}
