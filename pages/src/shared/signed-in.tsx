import type { ComponentChildren } from 'preact';
import { useLocation } from 'preact-iso';
import { useRef } from 'preact/hooks';
import { useTexts } from '../texts/texts.ts';
import { useLoaded } from './actions.ts';
import { type Refusal, call } from './api.ts';
import { Confirmation } from './confirm.tsx';
import { EndedProvider, keepLastEnd } from './ended.ts';
import { Failed } from './notice.tsx';
import { ROOT, signInPlace } from './place.ts';
import type { Rules, Session, User } from './types.ts';

export interface Current {
  readonly user: User;
  readonly session: Session;
  readonly rules: Rules;
  /** Reads all again, after a change. */
  readonly reload: () => Promise<void>;
}

interface SignedInProps {
  /** The page that is shown. All is read again when it changes. */
  readonly page?: string;
  readonly children: (current: Current) => ComponentChildren;
}

/** Shows its content to people who have signed in. Others get the sign-in page, which leads back. */
export function SignedIn({ page = '', children }: SignedInProps) {
  const { route } = useLocation();
  const hasEnded = useRef(false);
  // Several requests may find out: the first one knows the page where the person was.
  const toSignIn = (refusal: Refusal) => {
    if (hasEnded.current) return;
    hasEnded.current = true;
    keepLastEnd(refusal);
    const place = signInPlace();
    if (place.startsWith(ROOT)) route(place, true);
    else location.replace(place);
  };
  return (
    <EndedProvider value={toSignIn}>
      <WithUser page={page}>{children}</WithUser>
    </EndedProvider>
  );
}

function WithUser({ page = '', children }: SignedInProps) {
  const t = useTexts();
  const { value, refusal, reload } = useLoaded(async () => {
    const [current, rules] = await Promise.all([
      call<Pick<Current, 'user' | 'session'>>('GET', '/sessions/current'),
      call<Rules>('GET', '/registration'),
    ]);
    return { ...current, rules };
  }, page);
  if (refusal) return <Failed refusal={refusal} again={reload} />;
  if (!value) return <main aria-busy="true" aria-label={t.loading} />;
  return <Confirmation email={value.user.email}>{children({ ...value, reload })}</Confirmation>;
}
