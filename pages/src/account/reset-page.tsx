import { useState } from 'preact/hooks';
import { useTexts } from '../texts/texts.ts';
import { useLoaded } from '../shared/actions.ts';
import { call } from '../shared/api.ts';
import { Form } from '../shared/form.tsx';
import { Failed, Notice } from '../shared/notice.tsx';
import { to } from '../shared/place.ts';
import type { Rules } from '../shared/types.ts';
import { ForgotPage } from './forgot-page.tsx';
import { useLinkToken } from './link-token.ts';
import { NewPassword } from './new-password.tsx';
import { VisitorFrame } from '../shared/visitor-frame.tsx';

/** The page of the link in a mail; without its token, the page that asks for one. */
export function ResetPage() {
  const token = useLinkToken();
  return token === null ? <ForgotPage /> : <WithToken token={token} />;
}

function WithToken({ token }: { readonly token: string }) {
  const t = useTexts();
  const [isDone, setDone] = useState(false);
  const { value: rules, refusal, reload } = useLoaded(() => call<Rules>('GET', '/registration'));
  if (refusal) return <Failed refusal={refusal} again={reload} />;
  if (!rules) return <main aria-busy="true" aria-label={t.loading} />;
  return (
    <VisitorFrame key={isDone} title={t.resetTitle}>
      {isDone ? (
        <>
          <Notice kind="good">{t.resetDone}</Notice>
          <a class="button main" href={to('sign-in')}>
            {t.signIn}
          </a>
        </>
      ) : (
        <>
          <Form
            submit={t.savePassword}
            action={async ({ new_password }) => {
              await call('POST', '/password/reset', { token, new_password });
              setDone(true);
            }}
          >
            <NewPassword name="new_password" rules={rules} />
          </Form>
          <p>
            <a href={to('forgot')}>{t.askAgain}</a>
          </p>
        </>
      )}
    </VisitorFrame>
  );
}
