import { useState } from 'preact/hooks';
import { useAction } from './actions.ts';
import { call } from './api.ts';

/** Sends the mail that verifies an address, at most once. */
export function useVerificationMail(email: string) {
  const [isSent, setSent] = useState(false);
  const { run, ...state } = useAction();
  const send = () =>
    run(async () => {
      await call('POST', '/email/verification', { email });
      setSent(true);
    });
  return { ...state, isSent, send };
}
