import { useState } from 'preact/hooks';
import { useTexts } from '../texts/texts.ts';
import { call } from '../shared/api.ts';
import { Field, Form, UserName } from '../shared/form.tsx';
import { Notice } from '../shared/notice.tsx';
import type { Current } from '../shared/signed-in.tsx';
import { NewPassword } from './new-password.tsx';

export function PasswordPage({ user, rules }: Current) {
  const t = useTexts();
  const [changes, setChanges] = useState(0);
  const change = async ({ current_password, new_password }: Readonly<Record<string, string>>) => {
    await call('PUT', '/users/me/password', { current_password, new_password });
    setChanges((before) => before + 1);
  };
  return (
    <>
      <p>{t.passwordIntro}</p>
      {changes > 0 && <Notice kind="good">{t.passwordChanged}</Notice>}
      <section>
        <Form key={changes} submit={t.savePassword} action={change}>
          <UserName email={user.email} />
          <Field
            name="current_password"
            type="password"
            label={t.currentPassword}
            autocomplete="current-password"
          />
          <NewPassword name="new_password" rules={rules} />
        </Form>
      </section>
    </>
  );
}
