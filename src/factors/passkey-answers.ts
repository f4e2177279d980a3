import { jsonIn } from '../common/json.js';
import { isRecord } from '../common/options.js';

export type Registration = NonNullable<ReturnType<typeof registrationIn>>;

/** The id of the credential that an answer names, and the user handle in it; null for what is no answer. */
export function namesIn(answer: unknown): { readonly id: string; readonly handle: string | null } | null {
  const response = authenticationIn(answer);
  return response && { id: response.id, handle: response.response.userHandle ?? null };
}

/** The answer of a browser that has made a passkey, with nothing else of what the client sent; null for anything else. */
export function registrationIn(answer: unknown) {
  const credential = credentialIn(answer);
  const { attestationObject, transports } = credential?.response ?? {};
  if (!credential || typeof attestationObject !== 'string') return null;
  const { clientDataJSON } = credential;
  const names = Array.isArray(transports) ? transports.filter((name) => typeof name === 'string') : [];
  return { ...credential.head, response: { clientDataJSON, attestationObject, transports: names } };
}

/** The same for a browser that has used a passkey. */
export function authenticationIn(answer: unknown) {
  const credential = credentialIn(answer);
  const { authenticatorData, signature, userHandle } = credential?.response ?? {};
  if (!credential || typeof authenticatorData !== 'string' || typeof signature !== 'string') return null;
  const { clientDataJSON } = credential;
  const handle = typeof userHandle === 'string' ? { userHandle } : {};
  return { ...credential.head, response: { clientDataJSON, authenticatorData, signature, ...handle } };
}

/** What all answers have; null for what is no answer, and for one that a framed page asked for. */
function credentialIn(answer: unknown) {
  const { id, rawId, response } = isRecord(answer) ? answer : {};
  if (typeof id !== 'string' || typeof rawId !== 'string' || !isRecord(response)) return null;
  const { clientDataJSON } = response;
  if (typeof clientDataJSON !== 'string' || !isFromOwnPage(clientDataJSON)) return null;
  const head = { id, rawId, type: 'public-key' as const, clientExtensionResults: {} };
  return { head, clientDataJSON, response };
}

/** Whether no page of another site frames the page that asked (Web Authentication Level 3, sections 7.1 and 7.2). */
function isFromOwnPage(clientDataJSON: string): boolean {
  const client = jsonIn(Buffer.from(clientDataJSON, 'base64url').toString());
  return isRecord(client) && client['crossOrigin'] !== true && client['topOrigin'] === undefined;
}
