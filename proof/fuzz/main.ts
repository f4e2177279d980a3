import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Report, campaign } from './campaign.js';

/** `npm run fuzz -- [--million | --requests N] [--seed N [--only M]]` */
const NORMAL = 100_000;
const MILLION = 1_000_000;

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      million: { type: 'boolean' },
      requests: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
    },
  });
  const requests = Number(values.requests ?? (values.million ? MILLION : NORMAL));
  const seeds = values.seed === undefined ? keptSeeds() : [Number(values.seed)];
  const only = values.only === undefined ? {} : { only: Number(values.only) };
  if (![requests, ...seeds, ...Object.values(only)].every(Number.isSafeInteger))
    throw new Error('Seeds and counts are whole numbers.');
  const begin = performance.now();
  const report = await campaign({ requests, seeds, ...only }, (line) => console.error(line));
  print(report, seeds, Math.round((performance.now() - begin) / 1000));
  if (report.targets.some(({ isMet }) => !isMet)) process.exitCode = 1;
}

function keptSeeds(): number[] {
  return (JSON.parse(readFileSync('proof/fuzz/seeds.json', 'utf8')) as { seeds: number[] }).seeds;
}

function print({ sent, counts, targets, failures }: Report, seeds: readonly number[], seconds: number): void {
  for (const failure of failures) console.log(failure);
  console.log(`\n${sent} requests of the seeds ${seeds.join(', ')} in ${seconds} s\n`);
  for (const [harness, statuses] of counts) {
    const sorted = [...statuses].toSorted(([a], [b]) => a - b);
    console.log(`${harness}: ${sorted.map(([status, count]) => `${count} × ${status}`).join(', ')}`);
  }
  console.log();
  for (const { what, measured, target, isMet } of targets)
    console.log(`${isMet ? 'met   ' : 'MISSED'}  ${what}: ${measured} (${target})`);
}

await main(process.argv.slice(2));
