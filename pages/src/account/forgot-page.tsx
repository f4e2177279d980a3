import { useState } from 'preact/hooks';
import { useTexts } from '../texts/texts.ts';
import { call } from '../shared/api.ts';
import { Field, Form } from '../shared/form.tsx';
import { Notice } from '../shared/notice.tsx';
import { to } from '../shared/place.ts';
import { VisitorFrame } from '../shared/visitor-frame.tsx';

export function ForgotPage() {
  const t = useTexts();
  const [isSent, setSent] = useState(false);
  const ask = async ({ email }: Readonly<Record<string, string>>) => {
    await call('POST', '/password/forgot', { email });
    setSent(true);
  };
  return (
    <VisitorFrame key={isSent} title={t.forgotTitle}>
      {isSent ? (
        <Notice kind="good">{t.forgotSent}</Notice>
      ) : (
        <>
          <p>{t.forgotIntro}</p>
          <Form submit={t.sendLink} action={ask}>
            <Field name="email" type="email" label={t.email} autocomplete="username" focus />
          </Form>
        </>
      )}
      <p>
        <a href={to('sign-in')}>{t.signIn}</a>
      </p>
    </VisitorFrame>
  );
}
