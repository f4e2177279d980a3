import { useEffect, useRef, useState } from 'preact/hooks';
import { useTexts } from '../texts/texts.ts';
import { useAction } from './actions.ts';
import { CopyButton } from './copy.tsx';
import type { TotpSetup } from './types.ts';
import { Notice } from './notice.tsx';
import { Field, Form, UserName } from './form.tsx';
import { answerOf, canUsePasskeys } from './passkeys.ts';
import { sentenceOf } from './sentences.ts';

interface ProofProps {
  /** The kinds of which the person may choose. */
  readonly kinds: readonly string[];
  /** The route that gives the options of a passkey. */
  readonly optionsAt: string;
  /** Whose password may be one of the kinds. */
  readonly email?: string;
  /** Sends the proof. */
  readonly send: (proof: object) => Promise<unknown>;
}

/** Asks for one of several kinds of proofs. */
export function ProofForm({ kinds, optionsAt, email = '', send }: ProofProps) {
  const t = useTexts();
  const usable = kinds.filter((kind) => kind !== 'passkey' || canUsePasskeys());
  const [chosen, choose] = useState<string | null>(null);
  const kind = chosen ?? usable[0];
  const { busy, refusal, run } = useAction();
  const others = usable.filter((one) => one !== kind);
  const labels: Readonly<Record<string, string>> = {
    password: t.usePassword,
    passkey: t.usePasskey,
    totp: t.useTotp,
    recovery_code: t.useRecoveryCode,
  };
  return (
    <>
      {kind === 'password' && (
        <Form key="password" submit={t.confirm} action={({ password }) => send({ password })}>
          <UserName email={email} />
          <Field name="password" type="password" label={t.password} autocomplete="current-password" focus />
        </Form>
      )}
      {kind === 'passkey' && (
        <>
          {refusal && <Notice kind="bad">{sentenceOf(refusal, t)}</Notice>}
          <p>{t.passkeyIntro}</p>
          <button
            ref={(button) => {
              if (chosen !== null) button?.focus();
            }}
            type="button"
            class="main"
            aria-disabled={busy}
            onClick={() => void run(async () => send({ credential: await answerOf(optionsAt) }))}
          >
            {t.usePasskey}
          </button>
        </>
      )}
      {kind === 'totp' && (
        <Form
          key="totp"
          submit={t.confirm}
          action={({ code = '' }) => send({ code: code.replace(/\s/g, '') })}
        >
          <CodeField />
        </Form>
      )}
      {kind === 'recovery_code' && (
        <Form key="recovery" submit={t.confirm} action={({ recovery_code }) => send({ recovery_code })}>
          <Field
            name="recovery_code"
            label={t.recoveryCode}
            autocomplete="off"
            hint={t.recoveryCodeHint}
            maxLength={100}
            focus
          />
        </Form>
      )}
      {kind === undefined && <Notice kind="bad">{t.noUsableFactor}</Notice>}
      {others.length > 0 && (
        <p class="choices">
          {others.map((one) => (
            <button key={one} type="button" class="link" onClick={() => choose(one)}>
              {labels[one]}
            </button>
          ))}
        </p>
      )}
    </>
  );
}

/** The code of an authenticator app. */
export function CodeField() {
  const t = useTexts();
  return (
    <Field
      name="code"
      label={t.code}
      autocomplete="one-time-code"
      inputMode="numeric"
      hint={t.codeHint}
      maxLength={9}
      focus
    />
  );
}

interface SetupProps {
  readonly setup: TotpSetup;
  readonly send: (code: string) => Promise<unknown>;
}

/** Shows the QR code of a new authenticator app, and asks for its first code. */
export function TotpSetupForm({ setup, send }: SetupProps) {
  const t = useTexts();
  return (
    <>
      <p>{t.totpIntro}</p>
      <img
        class="qr"
        width="200"
        height="200"
        alt={t.qrCode}
        src={`data:image/svg+xml,${encodeURIComponent(setup.qr_code)}`}
      />
      <p>
        {t.totpByHand} <code class="secret">{setup.secret.replace(/.{4}(?!$)/g, '$& ')}</code>
      </p>
      <p>
        <a href={setup.uri}>{t.totpOpenApp}</a>
      </p>
      <Form submit={t.confirm} action={({ code = '' }) => send(code.replace(/\s/g, ''))}>
        <CodeField />
      </Form>
    </>
  );
}

/** Recovery codes, which are shown this once. */
export function RecoveryCodes({
  codes,
  onDone,
}: {
  readonly codes: readonly string[];
  readonly onDone: () => void;
}) {
  const t = useTexts();
  const heading = useRef<HTMLHeadingElement>(null);
  const text = codes.join('\n');
  useEffect(() => heading.current?.focus(), []);
  return (
    <section class="codes" aria-labelledby="recovery-codes">
      <h2 id="recovery-codes" ref={heading} tabIndex={-1}>
        {t.recoveryCodes}
      </h2>
      <p>{t.recoveryCodesIntro}</p>
      <ul class="code-list">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div class="row no-print">
        <button type="button" onClick={() => window.print()}>
          {t.print}
        </button>
        <CopyButton text={text} />
        <a
          class="button"
          download="recovery-codes.txt"
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(`${text}\n`)}`}
        >
          {t.download}
        </a>
        <button type="button" class="main" onClick={onDone}>
          {t.codesKept}
        </button>
      </div>
    </section>
  );
}
