import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { Refusal } from './api.ts';

/** What to do when the session of the person has ended; null on pages without one. */
const WhenEnded = createContext<((refusal: Refusal) => void) | null>(null);
export const EndedProvider = WhenEnded.Provider;

/** Why the person has to sign in, for the sign-in page, which may be another document. */
const KEPT_AS = 'coatcheck-ended';

export function keepLastEnd({ status, code, problem }: Refusal): void {
  const end = code === 'credentials_missing' ? null : { status, code, problem };
  try {
    sessionStorage.setItem(KEPT_AS, JSON.stringify(end));
  } catch {
    // Storage can be switched off in a browser: then the reason is not told.
  }
}

/** The refusal that led to the sign-in page; null if nobody was signed in. It is told once. */
export function takeLastEnd(): Refusal | null {
  try {
    const end = JSON.parse(sessionStorage.getItem(KEPT_AS) ?? 'null') as Refusal | null;
    sessionStorage.removeItem(KEPT_AS);
    return end && new Refusal(end.status, end.code, end.problem);
  } catch {
    return null;
  }
}

/** Returns whether a refusal means that the session has ended, and was handled. */
export function useEnd(): (refusal: Refusal) => boolean {
  const whenEnded = useContext(WhenEnded);
  return (refusal) => {
    const { status, code } = refusal;
    const isEnd = status === 401 || code === 'second_factor_required' || code === 'factor_setup_required';
    if (!isEnd || !whenEnded) return false;
    whenEnded(refusal);
    return true;
  };
}
