import { useState } from 'preact/hooks';
import { useDates, useTexts } from '../texts/texts.ts';
import { useAction, useList } from '../shared/actions.ts';
import { call, list } from '../shared/api.ts';
import { useConfirmed } from '../shared/confirm.tsx';
import { CopyButton } from '../shared/copy.tsx';
import { Field, Form } from '../shared/form.tsx';
import { focusHeading } from '../shared/heading.tsx';
import { Notice, RefusalNotice } from '../shared/notice.tsx';
import type { Session } from '../shared/types.ts';

const DAY = 24 * 60 * 60_000;

/** The longest life of an access token, in days. */
const LONGEST = 366;

export function TokensPage() {
  const t = useTexts();
  const date = useDates();
  const confirmed = useConfirmed();
  const tokens = useList((cursor) => list<Session>('/sessions', { kind: 'access_token', cursor }));
  const [made, setMade] = useState<Session | null>(null);
  const { busy, refusal, run } = useAction();
  const create = async ({ label, scope, expires_at }: Readonly<Record<string, string>>) => {
    setMade(null);
    setMade(await confirmed(() => call<Session>('POST', '/access_tokens', { label, scope, expires_at })));
    await tokens.reload();
    focusHeading();
  };
  const end = (id: string) =>
    run(async () => {
      await confirmed(() => call('DELETE', `/sessions/${id}`));
      await tokens.reload();
      focusHeading();
    });
  return (
    <>
      <p>{t.tokensIntro}</p>
      <RefusalNotice refusal={refusal ?? tokens.refusal} />
      {made?.token !== undefined && <NewToken token={made.token} />}
      {tokens.items?.length === 0 && <p>{t.noTokens}</p>}
      <ul class="cards">
        {tokens.items?.map(({ id, label, scope, expires_at, last_seen_at }) => (
          <li key={id}>
            <h2>{label}</h2>
            <dl>
              <dt>{t.scope}</dt>
              <dd>{scope === 'read' ? t.scopeRead : t.scopeWrite}</dd>
              <dt>{t.lastSeen}</dt>
              <dd>{date(last_seen_at)}</dd>
              <dt>{t.expires}</dt>
              <dd>{expires_at === null ? t.never : date(expires_at)}</dd>
            </dl>
            <button
              type="button"
              aria-label={`${t.endToken}: ${label}`}
              aria-disabled={busy}
              onClick={() => void end(id)}
            >
              {t.endToken}
            </button>
          </li>
        ))}
      </ul>
      {tokens.more && (
        <button type="button" aria-disabled={tokens.busy} onClick={() => void tokens.more?.()}>
          {t.more}
        </button>
      )}
      <section aria-labelledby="new-token">
        <h2 id="new-token">{t.newToken}</h2>
        <Form key={made?.id} submit={t.makeToken} action={create}>
          <Field name="label" label={t.name} autocomplete="off" hint={t.tokenNameHint} maxLength={100} />
          <fieldset>
            <legend>{t.scope}</legend>
            <label class="tick">
              <input type="radio" name="scope" value="read" defaultChecked />
              {t.scopeRead}
            </label>
            <label class="tick">
              <input type="radio" name="scope" value="write" />
              {t.scopeWrite}
            </label>
          </fieldset>
          <Field
            name="expires_at"
            type="date"
            label={t.expires}
            autocomplete="off"
            value={dayIn(90)}
            min={dayIn(1)}
            max={dayIn(LONGEST - 1)}
          />
        </Form>
      </section>
    </>
  );
}

function NewToken({ token }: { readonly token: string }) {
  const t = useTexts();
  return (
    <Notice kind="good">
      <p>{t.tokenOnce}</p>
      <p>
        <code class="secret">{token}</code>
      </p>
      <CopyButton text={token} />
    </Notice>
  );
}

/** The day some days from now, as an input has it. */
function dayIn(days: number): string {
  return new Date(Date.now() + days * DAY).toISOString().slice(0, 10);
}
