import { EMAILS } from '../peers/people.js';
import type { Contestant } from '../servers/contestant.js';
import type { Credential } from '../servers/entrance.js';
import { send } from '../servers/http.js';

/** Asks who is who: two people are themselves, a stranger and someone signed out are refused; throws where they are not. */
export async function checkAnswers({ name, path, entrance, refusesEnded }: Contestant, base: string) {
  const ask = (credential: Credential) =>
    send('GET', base + path, { headers: { [credential.name]: credential.value } });
  const demand = async (what: string, credential: Credential, email: string | null) => {
    const { status, body } = await ask(credential);
    const isRight = email === null ? status === 401 : status === 200 && emailIn(body) === email;
    if (!isRight) throw new Error(`${name}: ${what} is answered ${status} ${body}`);
  };
  if (!entrance) return;
  const [ann = '', bob = ''] = EMAILS;
  const first = await entrance.signIn(base, ann);
  const second = await entrance.signIn(base, bob);
  await demand(`${ann}, signed in,`, first, ann);
  await demand(`${bob}, signed in,`, second, bob);
  await demand('a credential that was made up', entrance.forge(first), null);
  if (!entrance.signOut) return;
  await entrance.signOut(base, first);
  await demand(`${ann}, signed out,`, first, refusesEnded ? null : ann);
  await demand(`${bob}, still signed in,`, second, bob);
  await entrance.signOut(base, second);
}

/** Whose data an answer is. */
export function emailIn(body: string): unknown {
  return (JSON.parse(body) as { email?: unknown }).email;
}
