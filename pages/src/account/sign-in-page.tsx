import { useLocation } from 'preact-iso';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useDates, useTexts } from '../texts/texts.ts';
import { useAction, useLoaded } from '../shared/actions.ts';
import { Refusal, call } from '../shared/api.ts';
import { takeLastEnd } from '../shared/ended.ts';
import { ProofForm, RecoveryCodes } from '../shared/factor-forms.tsx';
import { Field, Form, Tick } from '../shared/form.tsx';
import { Notice, RefusalNotice } from '../shared/notice.tsx';
import { answerOf, hasPasskeys, offered, stopOffering } from '../shared/passkeys.ts';
import { nextPlace, to, withNext } from '../shared/place.ts';
import { sentenceOf } from '../shared/sentences.ts';
import type { Rules } from '../shared/types.ts';
import { useVerificationMail } from '../shared/verification-mail.ts';
import { SetupStep } from './setup-step.tsx';
import { VisitorFrame } from '../shared/visitor-frame.tsx';

/** Where the sign-in is: at its beginning, at one of the second steps, or at the recovery codes of a new factor. */
type Step =
  | { readonly at: 'first' }
  | { readonly at: 'second'; readonly factors: readonly string[] }
  | { readonly at: 'setup' }
  | { readonly at: 'unverified'; readonly email: string }
  | { readonly at: 'codes'; readonly codes: readonly string[] };

const FIRST: Step = { at: 'first' };
const SECOND_STEP = '/auth_session/second_step';
const BY_PASSKEY = '/auth_session/passkey';

/** The step that follows a refused password; null if the refusal is final. */
function stepAfter({ code, problem }: Refusal, email: string): Step | null {
  if (code === 'second_factor_required') return { at: 'second', factors: problem.factors ?? [] };
  if (code === 'factor_setup_required') return { at: 'setup' };
  return code === 'email_not_verified' ? { at: 'unverified', email } : null;
}

export function SignInPage() {
  const t = useTexts();
  const { route } = useLocation();
  const [end] = useState(takeLastEnd);
  const [step, setStep] = useState<Step>(FIRST);
  const { value: rules, refusal } = useLoaded(() => call<Rules>('GET', '/registration'));
  const leave = () => {
    const next = nextPlace();
    if (next === null) route(to(''), true);
    else location.replace(next);
  };
  /** Signs in by a call. A second step that must follow is shown; one that has expired begins again. */
  const signIn = async (email: string, attempt: () => Promise<unknown>) => {
    try {
      await attempt();
      leave();
    } catch (error) {
      const next = error instanceof Refusal ? stepAfter(error, email) : null;
      if (!next) throw error;
      stopOffering();
      setStep(next);
    }
  };
  const finish = async (proof: object) => {
    await call('POST', SECOND_STEP, proof);
    leave();
  };
  const beginAgain = (
    <p>
      <button type="button" class="link" onClick={() => setStep(FIRST)}>
        {t.beginAgain}
      </button>
    </p>
  );
  switch (step.at) {
    case 'second':
      return (
        <VisitorFrame key="second" title={t.secondStep}>
          <ProofForm kinds={step.factors} optionsAt={`${SECOND_STEP}/options`} send={finish} />
          {beginAgain}
        </VisitorFrame>
      );
    case 'setup':
      if (!rules)
        return (
          <VisitorFrame key="setup" title={t.setupTitle}>
            {beginAgain}
          </VisitorFrame>
        );
      return (
        <VisitorFrame key="setup" title={t.setupTitle}>
          <SetupStep rules={rules} onDone={(codes) => (codes ? setStep({ at: 'codes', codes }) : leave())} />
          {beginAgain}
        </VisitorFrame>
      );
    case 'codes':
      return (
        <VisitorFrame key="codes" title={t.signedIn}>
          <RecoveryCodes codes={step.codes} onDone={leave} />
        </VisitorFrame>
      );
    case 'unverified':
      return (
        <VisitorFrame key="unverified" title={t.verifyTitle}>
          <SendAgain email={step.email} />
          {beginAgain}
        </VisitorFrame>
      );
    default:
      return (
        <VisitorFrame title={t.signIn}>
          {end && (
            <Notice kind="plain">
              <Ended refusal={end} />
            </Notice>
          )}
          <RefusalNotice refusal={refusal} />
          {rules?.waiting_for_first && (
            <Notice kind="plain">
              {t.noUsersYet} <a href={withNext('register')}>{t.register}</a>
            </Notice>
          )}
          <FirstStep passkeys={rules !== null && hasPasskeys(rules)} signIn={signIn} />
          <ul class="choices">
            {rules?.mail && (
              <li>
                <a href={to('forgot')}>{t.forgotten}</a>
              </li>
            )}
            {rules?.open && (
              <li>
                <a href={withNext('register')}>{t.register}</a>
              </li>
            )}
          </ul>
        </VisitorFrame>
      );
  }
}

interface FirstStepProps {
  readonly passkeys: boolean;
  readonly signIn: (email: string, attempt: () => Promise<unknown>) => Promise<void>;
}

function FirstStep({ passkeys, signIn }: FirstStepProps) {
  const t = useTexts();
  const { busy, refusal, run } = useAction();
  const form = useRef<HTMLDivElement>(null);
  const isRemembered = () =>
    form.current?.querySelector<HTMLInputElement>('[name="remember"]')?.checked ?? false;
  const byPasskey = (credential: object) =>
    signIn('', () => call('POST', BY_PASSKEY, { credential, remember: isRemembered() }));
  useEffect(() => {
    if (!passkeys) return undefined;
    void offered(`${BY_PASSKEY}/options`)
      .catch(() => null)
      .then((credential) => credential && run(() => byPasskey(credential)));
    return stopOffering;
  }, [passkeys]);
  return (
    <div ref={form}>
      <Form
        submit={t.signIn}
        action={({ email = '', password, remember }) =>
          signIn(email, () =>
            call('POST', '/auth_session/login', { email, password, remember: remember === 'on' }),
          )
        }
      >
        <Field name="email" type="email" label={t.email} autocomplete="username webauthn" focus />
        <Field name="password" type="password" label={t.password} autocomplete="current-password" />
        <Tick name="remember" label={t.remember} />
      </Form>
      <RefusalNotice refusal={refusal} />
      {passkeys && (
        <button
          type="button"
          class="wide"
          aria-disabled={busy}
          onClick={() => void run(async () => byPasskey(await answerOf(`${BY_PASSKEY}/options`)))}
        >
          {t.signInWithPasskey}
        </button>
      )}
    </div>
  );
}

/** Why and when the person was signed out. */
function Ended({ refusal }: { readonly refusal: Refusal }) {
  const t = useTexts();
  const date = useDates();
  const { ended_at: endedAt } = refusal.problem;
  return (
    <>
      {sentenceOf(refusal, t)} {endedAt !== undefined && t.endedAt(date(endedAt))}
    </>
  );
}

function SendAgain({ email }: { readonly email: string }) {
  const t = useTexts();
  const { isSent, busy, refusal, send } = useVerificationMail(email);
  return (
    <>
      <p>{t.verifyFirst}</p>
      <RefusalNotice refusal={refusal} />
      {isSent ? (
        <Notice kind="good">{t.mailSent}</Notice>
      ) : (
        <button type="button" class="main" aria-disabled={busy} onClick={() => void send()}>
          {t.sendAgain}
        </button>
      )}
    </>
  );
}
