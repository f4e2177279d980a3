import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Target } from '../load/generator.js';
import { PINNING } from '../machine.js';
import { EMAILS } from '../peers/people.js';
import type { Contestant } from '../servers/contestant.js';
import type { Credential, Entrance } from '../servers/entrance.js';
import { send } from '../servers/http.js';
import { newPlace } from '../servers/place.js';
import { Server } from '../servers/server.js';
import { checkAnswers, emailIn } from './answers.js';
import { inLanes } from './lanes.js';

/** Live sessions, which the people share evenly. */
const SESSIONS = 1000;

/** Requests of the preparation at a time. */
const LANES = 4;

/** A server that runs, that people are signed in to, and that answered right when asked. */
export interface Participant {
  readonly name: string;
  readonly server: Server;
  readonly target: Target;
  /** Of the answer that is measured. */
  readonly bodyBytes: number;
}

/** Starts a server, signs people in, and checks that it knows them from strangers; throws where it does not. */
export async function prepare(
  contestant: Contestant,
  { name = contestant.name, isPinned }: { readonly name?: string; readonly isPinned: boolean },
): Promise<Participant> {
  const place = await newPlace(contestant.needs);
  const server = Server.launch({
    file: contestant.file,
    folder: place.folder,
    variables: contestant.variables(place, 0),
    cpu: isPinned ? (PINNING?.server ?? null) : null,
  });
  const base = await server.url();
  const url = base + contestant.path;
  const headers = contestant.entrance
    ? await signEverybodyIn(base, url, contestant.entrance)
    : [NO_CREDENTIAL];
  await checkAnswers(contestant, base);
  const credentials = join(place.folder, 'credentials.txt');
  await writeFile(credentials, headers.map(({ name, value }) => `${name}: ${value}\n`).join(''));
  const { bodyBytes } = await answerTo(url, headers[0]);
  return { name, server, target: { url, credentials }, bodyBytes };
}

/** A header that means nothing, so that constants are sent one, too. */
const NO_CREDENTIAL: Credential = { name: 'Cookie', value: 'sid=AaIAONEOc6u5xzZxsxW8Ow' };

/** All sessions, each proven to be its user's. */
async function signEverybodyIn(base: string, url: string, entrance: Entrance): Promise<Credential[]> {
  const { signUp } = entrance;
  if (signUp) await inLanes(EMAILS.length, LANES, (index) => signUp(base, EMAILS[index]!));
  const signIns = Array.from({ length: SESSIONS }, (_, index) => EMAILS[index % EMAILS.length]!);
  const credentials = await inLanes(SESSIONS, LANES, (index) => entrance.signIn(base, signIns[index]!));
  const distinct = new Map(credentials.map((credential, index) => [credential.value, index]));
  if (entrance.signOut && distinct.size < SESSIONS)
    throw new Error(`${url} has given the same session twice.`);
  const indexes = [...distinct.values()];
  await inLanes(indexes.length, LANES, async (at) => {
    const index = indexes[at]!;
    const { email } = await answerTo(url, credentials[index]);
    if (email !== signIns[index]) throw new Error(`${url} took ${signIns[index]} for ${email}.`);
  });
  return credentials;
}

/** What a server answers to a credential; throws where that is no success. */
export async function answerTo(url: string, credential: Credential = NO_CREDENTIAL) {
  const { status, body } = await send('GET', url, { headers: { [credential.name]: credential.value } });
  if (status !== 200) throw new Error(`${url} answered ${status}: ${body}`);
  return { email: emailIn(body), bodyBytes: Buffer.byteLength(body) };
}
