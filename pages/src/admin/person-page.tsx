import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { useAction, useList, useLoaded } from '../shared/actions.ts';
import { call, list } from '../shared/api.ts';
import { useConfirmed } from '../shared/confirm.tsx';
import { CopyButton } from '../shared/copy.tsx';
import { DeleteAccount } from '../shared/delete-account.tsx';
import { Field, Form } from '../shared/form.tsx';
import { NameFields, namesIn } from '../shared/names.tsx';
import { Notice, RefusalNotice } from '../shared/notice.tsx';
import { NotFoundPage } from '../shared/not-found-page.tsx';
import { inAccount, to } from '../shared/place.ts';
import type { Factors, Session, User } from '../shared/types.ts';
import { useDates, useTexts } from '../texts/texts.ts';
import { EventTable } from './event-table.tsx';
import { useAdminTexts } from './texts.ts';
import type { AuditEvent } from './types.ts';

/** One user, by the id in the query. */
export function PersonPage() {
  const { query } = useLocation();
  const { id } = query;
  if (!id) return <NotFoundPage />;
  return <Person key={id} place={`/users/${encodeURIComponent(id)}`} id={id} />;
}

interface PlaceProps {
  /** Path of the user in the API. */
  readonly place: string;
}

interface ChangeProps extends PlaceProps {
  readonly onChanged: () => void;
}

function Person({ place, id }: PlaceProps & { readonly id: string }) {
  const [t, a] = [useTexts(), useAdminTexts()];
  const { route } = useLocation();
  const { value: user, refusal, setValue } = useLoaded(() => call<User>('GET', place));
  // Each change is an event, and some end sessions.
  const [changes, setChanges] = useState(0);
  const noteChange = () => setChanges((count) => count + 1);
  const changed = (now: User) => {
    setValue(now);
    noteChange();
  };
  if (!user) return <RefusalNotice refusal={refusal} />;
  return (
    <>
      <section aria-labelledby="account">
        <h2 id="account">{user.email}</h2>
        <Account user={user} place={place} changed={changed} />
      </section>
      <section aria-labelledby="password">
        <h2 id="password">{a.passwordOf}</h2>
        <RequireReset place={place} onChanged={noteChange} />
      </section>
      <section aria-labelledby="sessions">
        <h2 id="sessions">{a.sessions}</h2>
        <Sessions key={changes} place={place} onChanged={noteChange} />
      </section>
      <section aria-labelledby="factors">
        <h2 id="factors">{a.factors}</h2>
        <UserFactors place={place} onChanged={noteChange} />
      </section>
      <section aria-labelledby="events">
        <h2 id="events">{a.events}</h2>
        <Events key={changes} id={id} />
      </section>
      <section aria-labelledby="delete">
        <h2 id="delete">{t.deleteAccount}</h2>
        <DeleteAccount
          place={place}
          question={a.deleteUserQuestion(user.email)}
          onDeleted={() => route(to('people'), true)}
        />
      </section>
    </>
  );
}

/** URL of the page that takes the token of a reset. */
function linkOf({ token }: { readonly token: string }): string {
  return `${location.origin}${inAccount('reset')}#${new URLSearchParams({ token })}`;
}

interface AccountProps extends PlaceProps {
  readonly user: User;
  readonly changed: (user: User) => void;
}

function Account({ user, place, changed }: AccountProps) {
  const [t, a] = [useTexts(), useAdminTexts()];
  const date = useDates();
  const confirmed = useConfirmed();
  const [isSaved, setSaved] = useState(false);
  const { busy, refusal, run } = useAction();
  const change = async (fields: object) => {
    setSaved(false);
    changed(await confirmed(() => call<User>('PATCH', place, fields)));
    setSaved(true);
  };
  const save = ({ email = '', role, ...fields }: Readonly<Record<string, string>>) =>
    change({
      ...namesIn(fields),
      ...(email !== user.email && { email }),
      ...(role !== user.role && { role }),
    });
  return (
    <>
      <dl>
        <dt>{a.state}</dt>
        <dd>{user.disabled ? a.disabled : a.enabled}</dd>
        <dt>{a.addressVerified}</dt>
        <dd>{user.email_verified ? a.yes : a.no}</dd>
        <dt>{a.created}</dt>
        <dd>{date(user.created_at)}</dd>
      </dl>
      <RefusalNotice refusal={refusal} />
      {isSaved && <Notice kind="good">{t.saved}</Notice>}
      <Form submit={t.save} action={save}>
        <Field name="email" type="email" label={t.email} autocomplete="off" value={user.email} />
        <NameFields user={user} />
        <Field name="role" label={a.role} autocomplete="off" value={user.role} />
      </Form>
      <p>
        <button
          type="button"
          class={user.disabled ? undefined : 'danger'}
          aria-disabled={busy}
          onClick={() => void run(() => change({ disabled: !user.disabled }))}
        >
          {user.disabled ? a.enable : a.disable}
        </button>
      </p>
    </>
  );
}

function RequireReset({ place, onChanged }: ChangeProps) {
  const a = useAdminTexts();
  const date = useDates();
  const confirmed = useConfirmed();
  const [issued, setIssued] = useState<{ readonly token: string; readonly expires_at: string } | null>(null);
  const { busy, refusal, run } = useAction();
  const require = () =>
    run(async () => {
      setIssued(await confirmed(() => call('POST', `${place}/password_reset`, { revoke: true })));
      onChanged();
    });
  return (
    <>
      <p>{a.requireResetIntro}</p>
      <RefusalNotice refusal={refusal} />
      {issued && (
        <Notice kind="good">
          <p>{a.resetIssued(date(issued.expires_at))}</p>
          <p>
            <code class="secret">{linkOf(issued)}</code>
          </p>
          <CopyButton text={linkOf(issued)} />
        </Notice>
      )}
      <button type="button" class="danger" aria-disabled={busy} onClick={() => void require()}>
        {a.requireReset}
      </button>
    </>
  );
}

function Sessions({ place, onChanged }: ChangeProps) {
  const [t, a] = [useTexts(), useAdminTexts()];
  const date = useDates();
  const confirmed = useConfirmed();
  const sessions = useList((cursor) => list<Session>(`${place}/sessions`, { limit: '25', cursor }));
  const { busy, refusal, run } = useAction();
  const end = (path: string) =>
    run(async () => {
      await confirmed(() => call('DELETE', `${place}/sessions${path}`));
      onChanged();
    });
  return (
    <>
      <RefusalNotice refusal={refusal ?? sessions.refusal} />
      {sessions.items?.length === 0 && <p>{a.noSessions}</p>}
      <ul class="cards">
        {sessions.items?.map(({ id, kind, label, device, ip, last_seen_at }) => {
          const { browser, os } = device;
          const name = label ?? ([browser, os].filter(Boolean).join(', ') || t.unknownDevice);
          return (
            <li key={id}>
              <h3>
                {name} {kind === 'access_token' && <span class="badge">{a.accessToken}</span>}
              </h3>
              <p>
                {t.lastSeen}: {date(last_seen_at)}
                {ip !== null && `, ${ip}`}
              </p>
              <button
                type="button"
                aria-label={`${t.endToken}: ${name}`}
                aria-disabled={busy}
                onClick={() => void end(`/${id}`)}
              >
                {t.endToken}
              </button>
            </li>
          );
        })}
      </ul>
      <div class="row">
        {sessions.more && (
          <button type="button" aria-disabled={sessions.busy} onClick={() => void sessions.more?.()}>
            {t.more}
          </button>
        )}
        {sessions.items && sessions.items.length > 0 && (
          <button type="button" class="danger" aria-disabled={busy} onClick={() => void end('')}>
            {a.endAll}
          </button>
        )}
      </div>
    </>
  );
}

function UserFactors({ place, onChanged }: ChangeProps) {
  const a = useAdminTexts();
  const confirmed = useConfirmed();
  const factors = useLoaded(() => call<Factors>('GET', `${place}/factors`));
  const { busy, refusal, run } = useAction();
  if (factors.refusal?.code === 'not_found') return <p>{a.factorsOff}</p>;
  if (!factors.value) return <RefusalNotice refusal={factors.refusal} />;
  const { totp, passkeys, recovery_codes: recovery } = factors.value;
  const isEnrolled = totp !== null || passkeys.length > 0;
  const reset = () =>
    run(async () => {
      await confirmed(() => call('DELETE', `${place}/factors`));
      await factors.reload();
      onChanged();
    });
  return (
    <>
      <RefusalNotice refusal={refusal} />
      <p>{isEnrolled ? a.factorsOf(totp !== null, passkeys.length, recovery?.left ?? 0) : a.noFactors}</p>
      {isEnrolled && (
        <button type="button" class="danger" aria-disabled={busy} onClick={() => void reset()}>
          {a.resetFactors}
        </button>
      )}
    </>
  );
}

function Events({ id }: { readonly id: string }) {
  const a = useAdminTexts();
  const events = useList((cursor) => list<AuditEvent>('/audit', { user: id, limit: '25', cursor }));
  return (
    <>
      <EventTable events={events} />
      <p>
        <a href={`${to('events')}?user=${encodeURIComponent(id)}`}>{a.allEvents}</a>
      </p>
    </>
  );
}
