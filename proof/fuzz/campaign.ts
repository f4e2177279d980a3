import * as fc from 'fast-check';
import { Wire, type WireAnswer } from '../../test/support/wire.js';
import { type Attempt, MARK } from './attempt.js';
import { type Description, attempts } from './grammar.js';
import { Harness } from './harness.js';

/** How many attempts are made of a seed at a time, after which everyone is seen to. */
const BATCH = 200;

/** How many are under way at a time, at each server. */
const LANES = 4;

/** Part of the attempts that are made before memory is measured for the first time. */
const WARM_UP = 0.2;

/** In MiB. */
const MOST_GROWTH = 100;

/** How many failures are told in full. */
const MOST_TOLD = 20;

/** Both dialects, and all ways to sign in that they have. */
const HOUSES = [
  ['standard', 'session_db_auth,token_auth'],
  ['standard', 'basic_auth'],
  ['alx', 'session_db_auth'],
  ['alx', 'basic_auth'],
] as const;

export interface Plan {
  readonly requests: number;
  readonly seeds: readonly number[];
  /** The one attempt of the one seed that is made, as often as there are harnesses. */
  readonly only?: number;
}

export interface Target {
  readonly what: string;
  readonly measured: string;
  readonly target: string;
  readonly isMet: boolean;
}

export interface Report {
  readonly sent: number;
  /** How often each status was met, by harness. */
  readonly counts: ReadonlyMap<string, ReadonlyMap<number, number>>;
  readonly targets: readonly Target[];
  /** What went wrong, with the seed and number of what was sent. */
  readonly failures: readonly string[];
}

type Flaw = 'fault' | 'echo' | 'silence';

/** Starts servers of both dialects and all ways to sign in, sends them what the seeds make, and looks at what comes back. */
export async function campaign(plan: Plan, tell: (line: string) => void = () => {}): Promise<Report> {
  const harnesses: Harness[] = [];
  try {
    for (const [dialect, type] of HOUSES) harnesses.push(await Harness.open(dialect, type));
    return await new Campaign(harnesses, plan, tell).run();
  } catch (error) {
    await Promise.all(harnesses.map((harness) => harness.close()));
    throw error;
  }
}

class Campaign {
  readonly #counts: Map<string, Map<number, number>>;
  readonly #flaws: Record<Flaw, number> = { fault: 0, echo: 0, silence: 0 };
  readonly #failures: string[] = [];
  readonly #wires = new Map<Harness, readonly Wire[]>();
  #sent = 0;

  constructor(
    private readonly harnesses: readonly Harness[],
    private readonly plan: Plan,
    private readonly tell: (line: string) => void,
  ) {
    this.#counts = new Map(harnesses.map(({ name }) => [name, new Map<number, number>()]));
    for (const harness of harnesses)
      this.#wires.set(
        harness,
        Array.from({ length: LANES }, () => new Wire(harness.server.url)),
      );
  }

  async run(): Promise<Report> {
    const { requests, seeds, only } = this.plan;
    const grammar = attempts(await this.#description());
    const before = await this.#ofEach((harness) => harness.prototypes());
    let early: (number | null)[] | null = null;
    const share = only === undefined ? Math.ceil(requests / seeds.length) : only + 1;
    for (const seed of seeds) {
      for (let first = 0; first < share; first += BATCH) {
        await this.#ofEach((harness) => harness.tidyUp());
        if (this.#sent >= requests * WARM_UP) early ??= this.#memory();
        const batch = fc.sample(grammar, { seed: seed + first, numRuns: BATCH });
        await this.#play(batch.slice(0, share - first), seed, first);
      }
      this.tell(`seed ${seed}: ${this.#sent} sent in all, ${this.#failures.length} failures`);
    }
    const late = this.#memory();
    const after = await this.#ofEach((harness) => harness.prototypes());
    for (const wire of [...this.#wires.values()].flat()) wire.close();
    const ends = await this.#ofEach((harness) => harness.close());
    const growth = late.flatMap((size, index) => {
      const was = early?.[index] ?? null;
      return size === null || was === null ? [] : [size - was];
    });
    const most = Math.round(Math.max(0, ...growth));
    const changed = before.filter((digest, index) => digest === 'untold' || digest !== after[index]).length;
    return {
      sent: this.#sent,
      counts: this.#counts,
      failures: this.#failures,
      targets: [
        none('answers of 5xx', this.#flaws.fault),
        none('refusals that repeat what was sent', this.#flaws.echo),
        none('requests that nothing was answered to', this.#flaws.silence),
        none('servers that crashed', ends.filter((isGood) => !isGood).length),
        none('servers whose shared prototypes changed', changed),
        {
          what: 'growth of the memory of a server after the warm-up, at most',
          measured: growth.length === 0 ? 'not measured here' : `${most} MiB`,
          target: `≤ ${MOST_GROWTH} MiB`,
          isMet: most <= MOST_GROWTH,
        },
      ],
    };
  }

  /** Sends each attempt to one harness in turn, or the only one to all of them. */
  async #play(batch: readonly Attempt[], seed: number, first: number): Promise<void> {
    const { only } = this.plan;
    const numbered = batch.map((attempt, index) => ({ attempt, number: first + index }));
    const chosen = numbered.filter(({ number }) => only === undefined || number === only);
    await this.#ofEach(async (harness, index) => {
      const mine = chosen.filter(
        ({ number }) => only !== undefined || number % this.harnesses.length === index,
      );
      const lanes = this.#wires.get(harness)!.map(async (wire) => {
        for (let next = mine.shift(); next; next = mine.shift())
          await this.#try(harness, wire, next.attempt, `--seed ${seed} --only ${next.number}`);
      });
      await Promise.all(lanes);
    });
  }

  async #try(harness: Harness, wire: Wire, attempt: Attempt, replay: string): Promise<void> {
    const bytes = harness.bytesOf(attempt);
    const answers = await harness.send(wire, attempt, bytes);
    this.#sent += 1;
    const counts = this.#counts.get(harness.name)!;
    for (const { status } of answers ?? []) counts.set(status, (counts.get(status) ?? 0) + 1);
    const flaw = flawOf(answers);
    if (flaw === null) return;
    this.#flaws[flaw] += 1;
    if (this.#failures.length >= MOST_TOLD) return;
    const shown = JSON.stringify(bytes.toString('latin1').slice(0, 2000));
    const statuses = answers?.map(({ status }) => status).join(', ') ?? 'nothing';
    this.#failures.push(`${flaw}: ${replay} (${harness.name}) was answered ${statuses}: ${shown}`);
  }

  async #description(): Promise<Description> {
    const response = await fetch(`${this.harnesses[0]!.server.url}/openapi.json`);
    return (await response.json()) as Description;
  }

  #memory(): (number | null)[] {
    return this.harnesses.map(({ memory }) => memory);
  }

  #ofEach<T>(work: (harness: Harness, index: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.harnesses.map(work));
  }
}

function flawOf(answers: readonly WireAnswer[] | null): Flaw | null {
  if (answers === null) return 'silence';
  if (answers.some(({ status }) => status === 0 || status >= 500)) return 'fault';
  return answers.some(repeats) ? 'echo' : null;
}

function repeats({ status, headers, body }: WireAnswer): boolean {
  return status >= 400 && [body, ...headers.values()].some((text) => text.includes(MARK));
}

function none(what: string, count: number): Target {
  return { what, measured: `${count}`, target: '0', isMet: count === 0 };
}
