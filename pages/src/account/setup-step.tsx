import { useState } from 'preact/hooks';
import { useTexts } from '../texts/texts.ts';
import { useAction } from '../shared/actions.ts';
import { call } from '../shared/api.ts';
import { TotpSetupForm } from '../shared/factor-forms.tsx';
import { Field, Form } from '../shared/form.tsx';
import { RefusalNotice } from '../shared/notice.tsx';
import { hasPasskeys, newPasskey } from '../shared/passkeys.ts';
import type { Rules, TotpSetup } from '../shared/types.ts';

const SECOND_STEP = '/auth_session/second_step';

interface SetupStepProps {
  readonly rules: Rules;
  /** Gets the recovery codes; null if there are none. */
  readonly onDone: (codes: readonly string[] | null) => void;
}

/** Sets up the first factor while signing in, for users of whom the server asks one. */
export function SetupStep({ rules, onDone }: SetupStepProps) {
  const t = useTexts();
  const [setup, setSetup] = useState<TotpSetup | null>(null);
  const [isPasskey, setPasskey] = useState(false);
  const { busy, refusal, run } = useAction();
  const done = ({ recovery_codes }: { recovery_codes: readonly string[] | null }) => onDone(recovery_codes);
  const begin = async () => setSetup(await call<TotpSetup>('POST', `${SECOND_STEP}/totp`));
  if (setup)
    return (
      <TotpSetupForm
        setup={setup}
        send={async (code) => done(await call('POST', `${SECOND_STEP}/totp/confirm`, { code }))}
      />
    );
  if (isPasskey)
    return (
      <Form
        submit={t.addPasskey}
        action={async ({ name }) => {
          const credential = await newPasskey(`${SECOND_STEP}/passkey_options`);
          done(await call('POST', `${SECOND_STEP}/passkeys`, { name, credential }));
        }}
      >
        <Field
          name="name"
          label={t.passkeyName}
          autocomplete="off"
          hint={t.passkeyNameHint}
          maxLength={100}
          focus
        />
      </Form>
    );
  return (
    <>
      <p>{t.setupIntro}</p>
      <RefusalNotice refusal={refusal} />
      <div class="row">
        {hasPasskeys(rules) && (
          <button type="button" class="main" onClick={() => setPasskey(true)}>
            {t.addPasskey}
          </button>
        )}
        {rules.factors.includes('totp') && (
          <button type="button" aria-disabled={busy} onClick={() => void run(begin)}>
            {t.addTotp}
          </button>
        )}
      </div>
    </>
  );
}
