import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import SqliteConnection from 'better-sqlite3';
import { type Server, newFolder } from '../../test/support/server.js';
import { ConfinedServer, SmallDisk } from './confinement.js';
import type { Measurement, Scale, Scenario } from './scenario.js';
import { NAMES, PASSWORD, Stage, none, told } from './support.js';
import { WatchedClient, atMost, exactly, repeat, tokensOf } from './watch.js';

const run = promisify(execFile);
const SQLITE = NAMES.sqlite;

/** Bytes that a file may still grow when its limit is set. */
const MARGIN = 16_384;

/** Sign-ins in a row that are refused when there is no space at all. */
const REFUSALS = 30;

/** Sign-ins after which a disk that still takes them cannot be full. */
const MOST_SIGN_INS = 2000;

/** SQLite where it cannot write: for want of space, or of a right to. */
export const fullDisk: readonly Scenario[] = [
  {
    title: 'SQLite at the limit of its files’ size',
    play: (scale) =>
      Stage.play('sqlite', async (stage) => {
        const server = await stage.start();
        const measurements = await runOut(limitOf(stage, server), scale);
        return [...measurements, inspect(stage.file)];
      }),
  },
  {
    title: 'SQLite on a full file system',
    async play(scale) {
      const disk = await SmallDisk.mount();
      if (!disk) return [told('on a full file system', SQLITE, 'not played: may not mount')];
      const space = spaceOf(disk);
      try {
        return await runOut(space, scale);
      } finally {
        await space.restart(false);
        await disk.unmount();
      }
    },
  },
  {
    title: 'SQLite where its user may not write',
    play: async () => [await startReadOnly(true), await startReadOnly(false)],
  },
];

/** Space that runs out, with a server on it. */
interface Space {
  readonly where: string;
  /** Whether the space that is kept for endings helps; it is a file of its own, and no use where files may not grow. */
  readonly hasReserve: boolean;
  client(): Promise<WatchedClient>;
  fill(): Promise<void>;
  free(): Promise<void>;
  /** Kills the server and, unless told otherwise, starts one that has all the space; it must have lived until now. */
  restart(again?: boolean): Promise<void>;
}

/** A limit on the size of files, which SQLite meets as it writes its log of changes. */
function limitOf(stage: Stage, first: Server): Space {
  let server = first;
  const limit = (bytes: number | string) =>
    run('prlimit', ['--pid', `${server.pid}`, `--fsize=${bytes}:unlimited`]);
  return {
    where: 'files may not grow',
    hasReserve: false,
    client: async () => new WatchedClient(server),
    fill: async () => void (await limit(statSync(`${stage.file}-wal`).size + MARGIN)),
    free: async () => void (await limit('unlimited')),
    async restart() {
      if (!(await stage.kill(server))) throw new Error(`The server ended by itself:\n${server.output()}`);
      server = await stage.start();
    },
  };
}

function spaceOf(disk: SmallDisk): Space {
  const begin = () =>
    ConfinedServer.startBeside(disk.pid, {
      DATABASE_URL: `sqlite:${join(disk.folder, 'coatcheck.db')}`,
      REGISTRATION: 'open',
      MAIL_URL: 'off',
      LOG_LEVEL: 'error',
    });
  let server: Promise<ConfinedServer> | null = null;
  return {
    where: 'the file system is full',
    hasReserve: true,
    client: async () => new WatchedClient(await (server ??= begin())),
    fill: async () => disk.fill(),
    free: async () => disk.free(),
    async restart(again = true) {
      const old = await server?.catch(() => null);
      const wasUp = await old?.kill();
      server = null;
      if (!again) return;
      if (wasUp !== true) throw new Error('The server ended by itself.');
      disk.free();
      server = begin();
    },
  };
}

/** Runs out of space twice: once it comes back under the server, once the server is killed meanwhile. */
async function runOut(space: Space, scale: Scale): Promise<Measurement[]> {
  const before = await space.client();
  const emails = await before.people(4);
  const tokens = await tokensOf(before, emails, 16);
  const leaver = await before.register('leaver');
  const [leaving, kept, ...theirs] = (await tokensOf(before, [leaver], 4)) as [string, string, ...string[]];
  const [writer, reader] = [await space.client(), await space.client()];

  await space.fill();
  await signInUntilRefused(writer, emails, tokens);
  await repeat(100, 4, async (index) => void (await reader.me(tokens[index % tokens.length]!)));
  const logouts = await space.client();
  const signedOut = await signOut(logouts, tokens.splice(0, 4));
  const ready = await logouts.send('GET', '/health/ready');
  const endings = space.hasReserve ? await endOnFullDisk(await space.client(), leaving, kept, theirs) : [];

  await space.free();
  const freed = performance.now();
  tokens.push(...(await tokensOf(writer, emails, 1)));
  const back = performance.now() - freed;

  await space.fill();
  await signInUntilRefused(writer, emails, tokens);
  await space.restart();
  const after = await space.client();
  await repeat(tokens.length, 4, async (index) => void (await after.me(tokens[index]!)));
  const over = await space.client();
  for (const token of signedOut) await over.me(token);
  await tokensOf(after, emails, 1);
  const when = `when ${space.where}`;
  return [
    none(
      `answers to sign-ins beside 200 and 503, ${when}`,
      SQLITE,
      writer.countBeside(200, 503),
      writer.total,
    ),
    none(`answers to GET /users/me beside 200, ${when}`, SQLITE, reader.countBeside(200), reader.total),
    space.hasReserve
      ? exactly(`logouts, ${when}`, SQLITE, `${signedOut.length} of 4`, '4 of 4')
      : none(
          `answers to logouts beside 200 and 503, ${when}`,
          SQLITE,
          logouts.countBeside(200, 503),
          logouts.total,
        ),
    exactly(`GET /health/ready, ${when}`, SQLITE, `${ready?.status}`, '503'),
    ...endings,
    atMost(`first sign-in after the space is back, ${when}`, SQLITE, back, 2000, scale),
    none(
      `acknowledged sessions lost after a restart, ${when}`,
      SQLITE,
      after.countBeside(200),
      tokens.length,
    ),
    none(
      `sessions alive after a logout that was acknowledged, ${when}`,
      SQLITE,
      over.countBeside(401),
      over.total,
    ),
  ];
}

/** Ends the sessions of one person from one of them, and changes their password: what is done is told, and what is not. */
async function endOnFullDisk(
  client: WatchedClient,
  leaving: string,
  kept: string,
  theirs: readonly string[],
): Promise<Measurement[]> {
  const ended = await client.send('DELETE', '/sessions', { cookie: kept });
  const alive: number[] = [];
  for (const cookie of [leaving, ...theirs]) alive.push((await client.me(cookie))?.status ?? 0);
  const change = async (body: object) => {
    const outcome = await client.send('PUT', '/users/me/password', { cookie: kept, body });
    return `${outcome?.status}, then ${(await client.me(kept))?.status}`;
  };
  const next = { new_password: `${PASSWORD} again` };
  const [uncounted, changed] = [await change({ current_password: PASSWORD, ...next }), await change(next)];
  return [
    exactly('the end of all other sessions, on a full disk', SQLITE, `${ended?.status}`, '200'),
    exactly('these sessions, afterwards', SQLITE, alive.join(', '), '401, 401, 401'),
    exactly(
      'a password change whose attempt cannot be counted, on a full disk',
      SQLITE,
      uncounted,
      '503, then 200',
    ),
    exactly('one soon after the sign-in, on a full disk', SQLITE, changed, '200, then 401'),
  ];
}

/** Signs out, and says whose logout was acknowledged: a checkpoint may have freed just enough space for it. */
async function signOut(client: WatchedClient, tokens: readonly string[]): Promise<string[]> {
  const signedOut: string[] = [];
  for (const token of tokens) if ((await client.logout(token))?.status === 200) signedOut.push(token);
  return signedOut;
}

/** Signs in until there is no more space at all; who was let in is added to the tokens. */
async function signInUntilRefused(
  client: WatchedClient,
  emails: readonly string[],
  tokens: string[],
): Promise<void> {
  const most = client.total + MOST_SIGN_INS;
  for (let refusals = 0; refusals < REFUSALS;) {
    if (client.total > most) throw new Error(`The space does not run out: ${client.outcomes}.`);
    const outcome = await client.login(emails[client.total % emails.length]!);
    refusals = outcome?.status === 200 ? 0 : refusals + 1;
    if (outcome?.status === 200 && outcome.cookie !== null) tokens.push(outcome.cookie);
  }
}

function inspect(file: string): Measurement {
  const database = new SqliteConnection(file, { readonly: true });
  try {
    const verdict = String(database.pragma('integrity_check', { simple: true }));
    return exactly('integrity_check, when files could not grow', SQLITE, verdict, 'ok');
  } finally {
    database.close();
  }
}

/** What a start says where the file, or only the folder of one that is not there yet, cannot be written. */
async function startReadOnly(isThere: boolean): Promise<Measurement> {
  const folder = newFolder();
  const file = join(folder, 'coatcheck.db');
  const what = isThere ? 'start on a file that may not be written' : 'start where no file may be made';
  try {
    if (isThere) {
      await Stage.play('sqlite', async (stage) => {
        const server = await stage.start();
        await server.stop();
        copyFileSync(stage.file, file);
      });
      chmodSync(file, 0o444);
    }
    chmodSync(folder, 0o555);
    const said = await ConfinedServer.startUnprivileged({ DATABASE_URL: `sqlite:${file}` }).then(
      async (server) => {
        await server.kill();
        return 'it starts';
      },
      (error: Error) => error.message.replaceAll('\n', ' ').replace(folder, '…').trim(),
    );
    const target = 'ended with 1: DATABASE_URL: Cannot open';
    return {
      what,
      store: SQLITE,
      measured: said,
      target,
      isMet: /ended with 1: *DATABASE_URL: Cannot open …/.test(said),
    };
  } finally {
    chmodSync(folder, 0o755);
    await rm(folder, { recursive: true, force: true });
  }
}
