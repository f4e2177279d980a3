import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { useDates, useTexts } from '../texts/texts.ts';
import { useAction, useList } from '../shared/actions.ts';
import { call, list } from '../shared/api.ts';
import { useConfirmed } from '../shared/confirm.tsx';
import { Field } from '../shared/form.tsx';
import { useOpener } from '../shared/focus.ts';
import { focusHeading } from '../shared/heading.tsx';
import { Notice, RefusalNotice } from '../shared/notice.tsx';
import { to } from '../shared/place.ts';
import { RenameForm } from '../shared/rename-form.tsx';
import type { Session } from '../shared/types.ts';

export function DevicesPage() {
  const t = useTexts();
  const { route } = useLocation();
  const confirmed = useConfirmed();
  const sessions = useList((cursor) => list<Session>('/sessions', { cursor }));
  const { busy, refusal, run } = useAction();
  const [ended, setEnded] = useState<number | null>(null);
  const devices = sessions.items?.filter(({ kind }) => kind !== 'access_token') ?? [];
  const end = (session: Session) =>
    run(async () => {
      setEnded(null);
      await confirmed(() => call('DELETE', `/sessions/${session.id}`));
      if (session.current) route(to('sign-in'));
      else {
        await sessions.reload();
        setEnded(1);
        focusHeading();
      }
    });
  const endOthers = () =>
    run(async () => {
      setEnded(null);
      const answer = await confirmed(() => call<{ ended: number }>('DELETE', '/sessions'));
      await sessions.reload();
      setEnded(answer.ended);
    });
  return (
    <>
      <p>{t.devicesIntro}</p>
      <RefusalNotice refusal={refusal ?? sessions.refusal} />
      {ended !== null && <Notice kind="good">{t.endedCount(ended)}</Notice>}
      <ul class="cards">
        {devices.map((session) => (
          <Device key={session.id} session={session} busy={busy} end={() => void end(session)} />
        ))}
      </ul>
      {sessions.more && (
        <button type="button" aria-disabled={sessions.busy} onClick={() => void sessions.more?.()}>
          {t.more}
        </button>
      )}
      <p>
        <button type="button" class="danger" aria-disabled={busy} onClick={() => void endOthers()}>
          {t.endOthers}
        </button>
      </p>
      <p class="hint">{t.endOthersHint}</p>
    </>
  );
}

interface DeviceProps {
  readonly session: Session;
  readonly busy: boolean;
  readonly end: () => void;
}

function Device({ session, busy, end }: DeviceProps) {
  const t = useTexts();
  const date = useDates();
  const [label, setLabel] = useState(session.label);
  const [isNaming, setNaming] = useState(false);
  const opener = useOpener(isNaming);
  const { browser, os } = session.device;
  const device = [browser, os].filter((part) => part !== null).join(', ') || t.unknownDevice;
  const rename = async ({ label: text }: Readonly<Record<string, string>>) => {
    const renamed = await call<Session>('PATCH', `/sessions/${session.id}`, { label: text || null });
    setLabel(renamed.label);
    setNaming(false);
  };
  return (
    <li>
      <h2>
        {label ?? device} {session.current && <span class="badge">{t.thisDevice}</span>}
      </h2>
      <dl>
        {label !== null && (
          <>
            <dt>{t.device}</dt>
            <dd>{device}</dd>
          </>
        )}
        <dt>{t.lastSeen}</dt>
        <dd>{date(session.last_seen_at)}</dd>
        <dt>{t.signedInAt}</dt>
        <dd>{date(session.created_at)}</dd>
        {session.ip !== null && (
          <>
            <dt>{t.address}</dt>
            <dd>{session.ip}</dd>
          </>
        )}
      </dl>
      {isNaming ? (
        <RenameForm action={rename} onCancel={() => setNaming(false)}>
          <Field
            name="label"
            label={t.name}
            autocomplete="off"
            value={label ?? ''}
            required={false}
            maxLength={100}
            focus
          />
        </RenameForm>
      ) : (
        <div class="row">
          <button
            type="button"
            aria-label={`${t.signOut}: ${label ?? device}`}
            aria-disabled={busy}
            onClick={end}
          >
            {t.signOut}
          </button>
          <button
            ref={opener}
            type="button"
            class="link"
            aria-label={`${t.rename}: ${label ?? device}`}
            onClick={() => setNaming(true)}
          >
            {t.rename}
          </button>
        </div>
      )}
    </li>
  );
}
