import {
  WebAuthnAbortService,
  browserSupportsWebAuthn,
  browserSupportsWebAuthnAutofill,
  startAuthentication,
  startRegistration,
} from '@simplewebauthn/browser';
import { Refusal, call } from './api.ts';
import type { Rules } from './types.ts';

type Options = Parameters<typeof startAuthentication>[0]['optionsJSON'];
type NewOptions = Parameters<typeof startRegistration>[0]['optionsJSON'];

export const canUsePasskeys = browserSupportsWebAuthn;

/** Whether this browser has passkeys, and the server accepts them from this origin. */
export function hasPasskeys({ factors, passkey_origins: origins }: Rules): boolean {
  return browserSupportsWebAuthn() && factors.includes('passkey') && origins.includes(location.origin);
}

/** Asks a passkey of the person to answer the options of a route. Throws `Refusal` with `passkey_cancelled` if none does. */
export async function answerOf(optionsAt: string): Promise<object> {
  const { options } = await call<{ options: Options }>('POST', optionsAt);
  return startAuthentication({ optionsJSON: options }).catch(refuse);
}

/** Makes a new passkey by the options of a route. */
export async function newPasskey(optionsAt: string): Promise<object> {
  const { options } = await call<{ options: NewOptions }>('POST', optionsAt);
  return startRegistration({ optionsJSON: options }).catch(refuse);
}

/**
 * Offers passkeys in the list of the user-name field. Returns the answer of the passkey that the person picks; null if the browser
 * cannot, or if another use of passkeys takes over.
 */
export async function offered(optionsAt: string): Promise<object | null> {
  if (!(await browserSupportsWebAuthnAutofill())) return null;
  const { options } = await call<{ options: Options }>('POST', optionsAt);
  return startAuthentication({ optionsJSON: options, useBrowserAutofill: true }).catch(() => null);
}

export function stopOffering(): void {
  WebAuthnAbortService.cancelCeremony();
}

function refuse(error: unknown): never {
  const isKnown = error instanceof Error && error.name === 'InvalidStateError';
  throw new Refusal(0, isKnown ? 'passkey_known' : 'passkey_cancelled');
}
