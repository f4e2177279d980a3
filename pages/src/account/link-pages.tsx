import { useState } from 'preact/hooks';
import { useTexts } from '../texts/texts.ts';
import { useAction } from '../shared/actions.ts';
import { call } from '../shared/api.ts';
import { Field, Form } from '../shared/form.tsx';
import { Notice, RefusalNotice } from '../shared/notice.tsx';
import { to } from '../shared/place.ts';
import { useLinkToken } from './link-token.ts';
import { VisitorFrame } from '../shared/visitor-frame.tsx';

interface LinkPageProps {
  readonly title: string;
  readonly intro: string;
  readonly button: string;
  readonly done: string;
  /** The route that takes the token. */
  readonly path: string;
  /** Whether to offer a new mail for another address. */
  readonly again?: boolean;
}

/** The page of a link in a mail. The person presses a button, because programs that scan mails open links, too. */
function LinkPage({ title, intro, button, done, path, again = false }: LinkPageProps) {
  const t = useTexts();
  const token = useLinkToken();
  const [isDone, setDone] = useState(false);
  const { busy, refusal, run } = useAction();
  const send = async () => {
    await call('POST', path, { token });
    setDone(true);
  };
  const isLost = token === null || refusal?.code === 'email_token_invalid';
  return (
    <VisitorFrame key={isDone} title={title}>
      {isDone ? (
        <Notice kind="good">{done}</Notice>
      ) : (
        <>
          <RefusalNotice refusal={refusal} />
          {token === null && <Notice kind="plain">{t.linkWithoutToken}</Notice>}
          {!isLost && (
            <>
              <p>{intro}</p>
              <button type="button" class="main" aria-disabled={busy} onClick={() => void run(send)}>
                {button}
              </button>
            </>
          )}
          {isLost && again && <AskAgain />}
        </>
      )}
      <p>
        <a href={to('')}>{t.myAccount}</a>
      </p>
    </VisitorFrame>
  );
}

function AskAgain() {
  const t = useTexts();
  const [isSent, setSent] = useState(false);
  if (isSent) return <Notice kind="good">{t.mailSent}</Notice>;
  return (
    <Form
      submit={t.sendLink}
      action={async ({ email }) => {
        await call('POST', '/email/verification', { email });
        setSent(true);
      }}
    >
      <Field name="email" type="email" label={t.email} autocomplete="username" />
    </Form>
  );
}

export function VerifyPage() {
  const t = useTexts();
  return (
    <LinkPage
      title={t.verifyTitle}
      intro={t.verifyIntro}
      button={t.verify}
      done={t.verified}
      path="/email/verify"
      again
    />
  );
}

export function ConfirmEmailPage() {
  const t = useTexts();
  return (
    <LinkPage
      title={t.newEmailTitle}
      intro={t.newEmailIntro}
      button={t.newEmailConfirm}
      done={t.newEmailDone}
      path="/email/confirm"
    />
  );
}

export function CancelEmailPage() {
  const t = useTexts();
  return (
    <LinkPage
      title={t.cancelEmailTitle}
      intro={t.cancelEmailIntro}
      button={t.cancelEmail}
      done={t.cancelEmailDone}
      path="/email/cancel"
    />
  );
}
