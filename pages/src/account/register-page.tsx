import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { useTexts } from '../texts/texts.ts';
import { useLoaded } from '../shared/actions.ts';
import { Refusal, call } from '../shared/api.ts';
import { Field, Form } from '../shared/form.tsx';
import { NameFields, namesIn } from '../shared/names.tsx';
import { Failed, Notice } from '../shared/notice.tsx';
import { nextPlace, to, withNext } from '../shared/place.ts';
import type { Rules, User } from '../shared/types.ts';
import { NewPassword } from './new-password.tsx';
import { VisitorFrame } from '../shared/visitor-frame.tsx';

export function RegisterPage() {
  const t = useTexts();
  const { route } = useLocation();
  const [isMailed, setMailed] = useState(false);
  const { value: rules, refusal, reload } = useLoaded(() => call<Rules>('GET', '/registration'));
  if (refusal) return <Failed refusal={refusal} again={reload} />;
  if (!rules) return <main aria-busy="true" aria-label={t.loading} />;
  if (!rules.open)
    return (
      <VisitorFrame title={t.register}>
        <p>{t.registrationClosed}</p>
        <a href={withNext('sign-in')}>{t.signIn}</a>
      </VisitorFrame>
    );
  if (isMailed)
    return (
      <VisitorFrame key="mailed" title={t.register}>
        <Notice kind="good">{t.registrationMailed}</Notice>
        <a href={withNext('sign-in')}>{t.signIn}</a>
      </VisitorFrame>
    );
  const register = async ({ email, password, setup_code, ...fields }: Readonly<Record<string, string>>) => {
    const user = await call<Partial<User>>('POST', '/users', {
      email,
      password,
      ...namesIn(fields),
      ...(setup_code === undefined ? {} : { setup_code }),
    });
    if (user.id === undefined) {
      setMailed(true);
      return;
    }
    try {
      await call('POST', '/auth_session/login', { email, password });
    } catch (error) {
      // The account exists: what is left is a sign-in with a further step.
      if (!(error instanceof Refusal)) throw error;
      route(withNext('sign-in'));
      return;
    }
    const next = nextPlace();
    if (next === null) route(to(''), true);
    else location.replace(next);
  };
  return (
    <VisitorFrame title={t.register}>
      {rules.waiting_for_first && <Notice kind="plain">{t.firstBecomesAdmin}</Notice>}
      <Form submit={t.register} action={register}>
        <Field name="email" type="email" label={t.email} autocomplete="username" focus />
        <NameFields own />
        <NewPassword name="password" rules={rules} />
        {rules.setup_code_required && (
          <Field name="setup_code" label={t.setupCode} autocomplete="off" hint={t.setupCodeHint} />
        )}
      </Form>
      <p>
        <a href={withNext('sign-in')}>{t.haveAccount}</a>
      </p>
    </VisitorFrame>
  );
}
