import { readFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { fileURLToPath } from 'node:url';

/** The parts of a request, by the files or the kind of their code. The first that matches counts. */
const PARTS: readonly (readonly [name: string, files: RegExp])[] = [
  ['writing to sockets', /^node:internal\/stream_base_commons/],
  ["Node's HTTP", /^node:(_http|internal\/http)/],
  ['promises, ticks and timers', /^node:(internal\/(process\/task_queues|timers|async_hooks|abort_)|timers)/],
  ['garbage collection', /^\(garbage collector\)/],
  ['the loop itself, outside JavaScript', /^\((program|root)\)/],
  ['the rest of Node: streams, buffers, hashes', /^node:/],
  ['Nest', /node_modules\/(@nestjs|rxjs|reflect-metadata)\//],
  ['drivers: pg, @redis/client', /node_modules\/(pg[\w-]*|@redis)\//],
  ['Express and its router', /node_modules\//],
  ['server: entrance, host, connections, answers', /dist\/lib\/server\//],
  ['authentication: guards, strategy, session, user', /dist\/lib\/(auth|sessions|users|common)\//],
  ['stores, with SQLite itself', /dist\/lib\/storage\//],
  ['routes of users', /dist\/lib\//],
];

export const PART_NAMES = PARTS.map(([name]) => name);

/** The share of each part in the time that a profile was not idle. The time of native code is that of what called it. */
export function sharesOf(profile: Profiler.Profile): ReadonlyMap<string, number> {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const callers = new Map(
    profile.nodes.flatMap((node) => node.children?.map((child) => [child, node] as const) ?? []),
  );
  const times = new Map<string, number>();
  let busy = 0;
  profile.samples?.forEach((id, index) => {
    let node = nodes.get(id);
    while (node && isNative(node)) node = callers.get(node.id);
    if (!node || node.callFrame.functionName === '(idle)') return;
    const time = Math.max(profile.timeDeltas?.[index] ?? 0, 0);
    const place = placeOf(node.callFrame);
    // What stops and writes the profile is no part of a request.
    if (place === 'node:inspector') return;
    const name = PARTS.find(([, files]) => files.test(place))?.[0] ?? place;
    times.set(name, (times.get(name) ?? 0) + time);
    busy += time;
  });
  return new Map([...times].map(([name, time]) => [name, time / busy]));
}

function isNative({ callFrame: { url, functionName } }: Profiler.ProfileNode): boolean {
  return url === '' && !functionName.startsWith('(');
}

/** Where a function was before it was bundled; in Node, the name of its module; or the kind of what is no function. */
function placeOf({ url, functionName, lineNumber }: Profiler.ProfileNode['callFrame']): string {
  if (url === '') return functionName;
  return url.startsWith('file:') ? originIn(fileURLToPath(url), lineNumber) : url;
}

/** The lines of a bundle where esbuild says which file begins. */
const origins = new Map<string, readonly (readonly [line: number, file: string])[]>();

function originIn(bundle: string, line: number): string {
  let known = origins.get(bundle);
  if (!known) {
    known = readFileSync(bundle, 'utf8')
      .split('\n')
      .flatMap((text, at) => {
        const [, file] = /^\s*\/\/ ((?:node_modules|dist)\/\S+)$/.exec(text) ?? [];
        return file === undefined ? [] : [[at, file] as const];
      });
    origins.set(bundle, known);
  }
  return known.findLast(([at]) => at <= line)?.[1] ?? bundle;
}
