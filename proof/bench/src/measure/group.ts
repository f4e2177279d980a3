import type { Generator } from '../load/generator.js';
import { type Load, load } from '../load/load.js';
import type { Progress } from '../progress.js';
import type { Contestant } from '../servers/contestant.js';
import { usageOf } from '../servers/usage.js';
import { type Participant, prepare } from './participant.js';
import { rest } from './rest.js';
import { type Spread, median, spreadOf } from './statistics.js';

/** How long and how often is measured. */
export interface Pace {
  readonly generator: Generator;
  readonly rounds: number;
  /** Of one slice. */
  readonly seconds: number;
  /** Of each server, before the first round. */
  readonly warmUp: number;
  readonly isPinned: boolean;
}

/** One server's turn. */
export interface Slice extends Load {
  /** Microseconds of the server's process; null where that is not known. */
  readonly cpuPerRequest: number | null;
}

/** A server's turns. */
interface Turns {
  readonly slices: readonly Slice[];
  /** Its rate ÷ the mean of the anchor's before and after, of each round; empty for the anchor. */
  readonly ratios: readonly number[];
  /** The same of its CPU per request; also empty where that is not known. */
  readonly cpuRatios: readonly number[];
}

/** A server's turns, and what they come to. */
export interface Result extends Turns {
  readonly name: string;
  readonly ratio: Spread;
  /** Null where that is not known, and for the anchor. */
  readonly cpuRatio: Spread | null;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuPerRequest: number | null;
  readonly generatorCpu: number | null;
  /** After the last turn; null where that is not known. */
  readonly residentMiB: number | null;
  readonly bodyBytes: number;
}

/** What servers that ran at once came to. */
export interface GroupResult {
  readonly anchor: Result;
  /** A second copy of the anchor, whose ratio should be 1. */
  readonly control: Result;
  readonly others: readonly Result[];
}

/** The steps that a group of so many others takes. */
export function stepsOf(others: number, { rounds }: Pace): number {
  return others + 2 + rounds * (2 * (others + 1) + 1);
}

/**
 * Runs an anchor, its second copy and others at once, and measures them in turn, each between two turns of the anchor.
 * The order moves on by one each round.
 */
export async function measureGroup(
  anchorKind: Contestant,
  kinds: readonly Contestant[],
  pace: Pace,
  progress: Progress,
): Promise<GroupResult> {
  const prepared: Participant[] = [];
  const contestants = [
    { kind: anchorKind, name: anchorKind.name },
    { kind: anchorKind, name: `${anchorKind.name}, again` },
    ...kinds.map((kind) => ({ kind, name: kind.name })),
  ];
  for (const { kind, name } of contestants) {
    progress.note(`${name}: start, sign-in, check`);
    prepared.push(await prepare(kind, { name, isPinned: pace.isPinned }));
  }
  try {
    return await measureParticipants(prepared, pace, progress);
  } finally {
    await Promise.all(prepared.map(({ server }) => server.stop()));
  }
}

/** Measures an anchor, its second copy and others, in this order, each of which runs already. */
export async function measureParticipants(
  participants: readonly Participant[],
  pace: Pace,
  progress: Progress,
): Promise<GroupResult> {
  const [anchor, ...rivals] = participants;
  if (!anchor) throw new Error('There is no anchor.');
  for (const participant of participants) {
    progress.step(`warm-up: ${participant.name}`);
    await turn(participant, pace, pace.warmUp);
  }
  const turns = new Map(
    participants.map((participant) => [
      participant,
      { slices: [] as Slice[], ratios: [] as number[], cpuRatios: [] as number[] },
    ]),
  );
  for (let round = 0; round < pace.rounds; round++) {
    const measureOne = async (participant: Participant) => {
      progress.step(`round ${round + 1} of ${pace.rounds}: ${participant.name}`);
      const slice = await turn(participant, pace, pace.seconds);
      turns.get(participant)?.slices.push(slice);
      return slice;
    };
    let before = await measureOne(anchor);
    for (const rival of rotated(rivals, round)) {
      const slice = await measureOne(rival);
      const after = await measureOne(anchor);
      const { ratios, cpuRatios } = turns.get(rival)!;
      ratios.push((2 * rateOf(slice)) / (rateOf(before) + rateOf(after)));
      const [one, earlier, later] = [slice, before, after].map(({ cpuPerRequest }) => cpuPerRequest);
      if (one && earlier && later) cpuRatios.push((2 * one) / (earlier + later));
      before = after;
    }
  }
  const [first, second, ...others] = participants.map((participant) =>
    sumUp(participant, turns.get(participant)!),
  );
  if (!first || !second) throw new Error('There is no control.');
  return { anchor: first, control: second, others };
}

async function turn({ server, target }: Participant, pace: Pace, seconds: number): Promise<Slice> {
  const before = usageOf(server.pid);
  const count = await load(pace.generator, target, seconds, pace.isPinned);
  const after = usageOf(server.pid);
  await rest(server.pid);
  const used = before && after ? after.cpuSeconds - before.cpuSeconds : null;
  return { ...count, cpuPerRequest: used === null ? null : (used / count.requests) * 1e6 };
}

function sumUp({ name, server, bodyBytes }: Participant, { slices, ratios, cpuRatios }: Turns): Result {
  return {
    name,
    slices,
    ratios,
    cpuRatios,
    ratio: spreadOf(ratios),
    cpuRatio: cpuRatios.length === 0 ? null : spreadOf(cpuRatios),
    perSecond: median(slices.map(rateOf)),
    p50: median(slices.map(({ p50 }) => p50)),
    p99: median(slices.map(({ p99 }) => p99)),
    cpuPerRequest: medianOrNull(slices.map(({ cpuPerRequest }) => cpuPerRequest)),
    generatorCpu: medianOrNull(slices.map(({ generatorCpu }) => generatorCpu)),
    residentMiB: usageOf(server.pid)?.residentMiB ?? null,
    bodyBytes,
  };
}

function medianOrNull(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : median(known);
}

function rateOf({ requests, seconds }: Slice): number {
  return requests / seconds;
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
