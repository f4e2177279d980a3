import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { useTexts } from '../texts/texts.ts';
import { call } from '../shared/api.ts';
import { useConfirmed } from '../shared/confirm.tsx';
import { DeleteAccount } from '../shared/delete-account.tsx';
import { Field, Form } from '../shared/form.tsx';
import { NameFields, namesIn } from '../shared/names.tsx';
import { Notice, RefusalNotice } from '../shared/notice.tsx';
import { to } from '../shared/place.ts';
import type { Current } from '../shared/signed-in.tsx';
import type { User } from '../shared/types.ts';
import { useVerificationMail } from '../shared/verification-mail.ts';

export function ProfilePage({ user, rules, reload }: Current) {
  const t = useTexts();
  const { route } = useLocation();
  return (
    <>
      <section aria-labelledby="names">
        <h2 id="names">{t.names}</h2>
        <Names user={user} reload={reload} />
      </section>
      <section aria-labelledby="email">
        <h2 id="email">{t.email}</h2>
        <Email user={user} rules={rules} reload={reload} />
      </section>
      <section aria-labelledby="delete">
        <h2 id="delete">{t.deleteAccount}</h2>
        <p>{t.deleteIntro}</p>
        <DeleteAccount
          place="/users/me"
          question={t.deleteQuestion}
          onDeleted={() => route(to('sign-in'), true)}
        />
      </section>
    </>
  );
}

type UserProps = Pick<Current, 'user' | 'reload'>;

function Names({ user, reload }: UserProps) {
  const t = useTexts();
  const [isSaved, setSaved] = useState(false);
  const save = async (fields: Readonly<Record<string, string>>) => {
    setSaved(false);
    await call('PATCH', '/users/me', namesIn(fields));
    await reload();
    setSaved(true);
  };
  return (
    <Form submit={t.save} action={save} aside={isSaved && <Notice kind="good">{t.saved}</Notice>}>
      <NameFields user={user} own />
    </Form>
  );
}

function Email({ user, rules, reload }: UserProps & Pick<Current, 'rules'>) {
  const t = useTexts();
  const confirmed = useConfirmed();
  const [pending, setPending] = useState<string | null>(user.pending_email ?? null);
  const [isChanged, setChanged] = useState(false);
  const change = async ({ email }: Readonly<Record<string, string>>) => {
    setChanged(false);
    const changed = await confirmed(() => call<User>('PATCH', '/users/me', { email }));
    setPending(changed.pending_email ?? null);
    await reload();
    setChanged(true);
  };
  return (
    <>
      <p>
        {user.email} {user.email_verified && <span class="badge">{t.verifiedBadge}</span>}
      </p>
      {pending !== null && <Notice kind="plain">{t.emailPending(pending)}</Notice>}
      {isChanged && pending === null && <Notice kind="good">{t.saved}</Notice>}
      {!user.email_verified && rules.email_verification !== 'off' && <Verification email={user.email} />}
      <Form submit={t.changeEmail} action={change}>
        <Field name="email" type="email" label={t.newEmail} autocomplete="email" />
      </Form>
    </>
  );
}

/** Offers the mail that verifies the address. */
function Verification({ email }: { readonly email: string }) {
  const t = useTexts();
  const { isSent, busy, refusal, send } = useVerificationMail(email);
  if (isSent) return <Notice kind="good">{t.mailSent}</Notice>;
  return (
    <>
      <RefusalNotice refusal={refusal} />
      <p>
        {t.notVerified}{' '}
        <button type="button" class="link" aria-disabled={busy} onClick={() => void send()}>
          {t.sendAgain}
        </button>
      </p>
    </>
  );
}
