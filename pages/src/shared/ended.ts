import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Refusal } from './api.ts';

/** What to do when the session of the person has ended; null on pages without one. */
const WhenEnded = createContext<((refusal: Refusal) => void) | null>(null);
export const EndedProvider = WhenEnded.Provider;

/** Why the person has to sign in, for the sign-in page; null if nobody was signed in. */
let lastEnd: Refusal | null = null;

export function keepLastEnd(refusal: Refusal): void {
  lastEnd = refusal.code === 'credentials_missing' ? null : refusal;
}

/** The refusal that led to the sign-in page. It is told once. */
export function takeLastEnd(): Refusal | null {
  const end = lastEnd;
  lastEnd = null;
  return end;
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
