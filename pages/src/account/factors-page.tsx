import { useState } from 'preact/hooks';
import { useDates, useTexts } from '../texts/texts.ts';
import { useAction, useLoaded } from '../shared/actions.ts';
import { call } from '../shared/api.ts';
import { useConfirmed } from '../shared/confirm.tsx';
import { RecoveryCodes, TotpSetupForm } from '../shared/factor-forms.tsx';
import { Field, Form } from '../shared/form.tsx';
import { useOpener } from '../shared/focus.ts';
import { focusHeading } from '../shared/heading.tsx';
import { Notice, RefusalNotice } from '../shared/notice.tsx';
import { canUsePasskeys, hasPasskeys, newPasskey } from '../shared/passkeys.ts';
import { RenameForm } from '../shared/rename-form.tsx';
import type { Current } from '../shared/signed-in.tsx';
import type { Factors, Passkey, TotpSetup } from '../shared/types.ts';

interface Enrolled {
  readonly recovery_codes: readonly string[] | null;
}

export function FactorsPage({ rules }: Current) {
  const t = useTexts();
  const factors = useLoaded(() => call<Factors>('GET', '/factors'));
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  if (codes) return <RecoveryCodes codes={codes} onDone={() => setCodes(null)} />;
  if (!factors.value) return <RefusalNotice refusal={factors.refusal} />;
  const { totp, passkeys, recovery_codes: recovery, required } = factors.value;
  const kinds = rules.factors;
  const changed = async (enrolled?: Enrolled) => {
    await factors.reload();
    if (enrolled?.recovery_codes) setCodes(enrolled.recovery_codes);
  };
  return (
    <>
      <p>{t.factorsIntro}</p>
      {required && <Notice kind="plain">{t.factorsRequired}</Notice>}
      {kinds.includes('passkey') && (
        <section aria-labelledby="passkeys">
          <h2 id="passkeys">{t.passkeys}</h2>
          <p>{t.passkeysIntro}</p>
          <ul class="cards">
            {passkeys.map((passkey) => (
              <OnePasskey key={passkey.id} passkey={passkey} changed={changed} />
            ))}
          </ul>
          {hasPasskeys(rules) ? (
            <AddPasskey changed={changed} />
          ) : (
            <Notice kind="plain">
              {canUsePasskeys() ? t.passkeysElsewhere(rules.passkey_origins.join(', ')) : t.noPasskeysHere}
            </Notice>
          )}
        </section>
      )}
      {(kinds.includes('totp') || totp) && (
        <section aria-labelledby="totp">
          <h2 id="totp">{t.totp}</h2>
          <Totp addedAt={totp?.created_at ?? null} changed={changed} />
        </section>
      )}
      {recovery && (
        <section aria-labelledby="recovery">
          <h2 id="recovery">{t.recoveryCodes}</h2>
          <Recovery left={recovery.left} changed={changed} />
        </section>
      )}
    </>
  );
}

interface ChangedProps {
  readonly changed: (enrolled?: Enrolled) => Promise<void>;
}

function Totp({ addedAt, changed }: ChangedProps & { readonly addedAt: string | null }) {
  const t = useTexts();
  const date = useDates();
  const confirmed = useConfirmed();
  const [setup, setSetup] = useState<TotpSetup | null>(null);
  const { busy, refusal, run } = useAction();
  const begin = () =>
    run(async () => setSetup(await confirmed(() => call<TotpSetup>('POST', '/factors/totp'))));
  const finish = async (code: string) => {
    const enrolled = await confirmed(() => call<Enrolled>('POST', '/factors/totp/confirm', { code }));
    setSetup(null);
    await changed(enrolled);
  };
  const remove = () =>
    run(async () => {
      await confirmed(() => call('DELETE', '/factors/totp'));
      await changed();
      focusHeading();
    });
  return (
    <>
      <RefusalNotice refusal={refusal} />
      {addedAt === null ? <p>{t.totpNone}</p> : <p>{t.addedAt(date(addedAt))}</p>}
      {setup ? (
        <TotpSetupForm setup={setup} send={finish} />
      ) : (
        <div class="row">
          <button type="button" aria-disabled={busy} onClick={() => void begin()}>
            {addedAt === null ? t.addTotp : t.replaceTotp}
          </button>
          {addedAt !== null && (
            <button type="button" class="danger" aria-disabled={busy} onClick={() => void remove()}>
              {t.remove}
            </button>
          )}
        </div>
      )}
    </>
  );
}

function AddPasskey({ changed }: ChangedProps) {
  const t = useTexts();
  const confirmed = useConfirmed();
  const [count, setCount] = useState(0);
  const add = async ({ name }: Readonly<Record<string, string>>) => {
    const credential = await confirmed(() => newPasskey('/factors/passkey_options'));
    const enrolled = await confirmed(() => call<Enrolled>('POST', '/factors/passkeys', { name, credential }));
    setCount(count + 1);
    await changed(enrolled);
  };
  return (
    <Form key={count} submit={t.addPasskey} action={add}>
      <Field name="name" label={t.passkeyName} autocomplete="off" hint={t.passkeyNameHint} maxLength={100} />
    </Form>
  );
}

function OnePasskey({ passkey, changed }: ChangedProps & { readonly passkey: Passkey }) {
  const t = useTexts();
  const date = useDates();
  const confirmed = useConfirmed();
  const [isNaming, setNaming] = useState(false);
  const opener = useOpener(isNaming);
  const { busy, refusal, run } = useAction();
  const place = `/factors/passkeys/${encodeURIComponent(passkey.id)}`;
  const remove = () =>
    run(async () => {
      await confirmed(() => call('DELETE', place));
      await changed();
      focusHeading();
    });
  const rename = async ({ name }: Readonly<Record<string, string>>) => {
    await call('PATCH', place, { name });
    setNaming(false);
    await changed();
  };
  return (
    <li>
      <h3>{passkey.name}</h3>
      <dl>
        <dt>{t.added}</dt>
        <dd>{date(passkey.created_at)}</dd>
        <dt>{t.lastUsed}</dt>
        <dd>{passkey.last_used_at === null ? t.notYet : date(passkey.last_used_at)}</dd>
      </dl>
      <RefusalNotice refusal={refusal} />
      {isNaming ? (
        <RenameForm action={rename} onCancel={() => setNaming(false)}>
          <Field
            name="name"
            label={t.passkeyName}
            autocomplete="off"
            value={passkey.name}
            maxLength={100}
            focus
          />
        </RenameForm>
      ) : (
        <div class="row">
          <button
            type="button"
            aria-label={`${t.remove}: ${passkey.name}`}
            aria-disabled={busy}
            onClick={() => void remove()}
          >
            {t.remove}
          </button>
          <button
            ref={opener}
            type="button"
            class="link"
            aria-label={`${t.rename}: ${passkey.name}`}
            onClick={() => setNaming(true)}
          >
            {t.rename}
          </button>
        </div>
      )}
    </li>
  );
}

function Recovery({ left, changed }: ChangedProps & { readonly left: number }) {
  const t = useTexts();
  const confirmed = useConfirmed();
  const { busy, refusal, run } = useAction();
  const renew = () =>
    run(async () => changed(await confirmed(() => call<Enrolled>('POST', '/factors/recovery_codes'))));
  return (
    <>
      <p>{t.codesLeft(left)}</p>
      <RefusalNotice refusal={refusal} />
      <button type="button" aria-disabled={busy} onClick={() => void renew()}>
        {t.newCodes}
      </button>
    </>
  );
}
