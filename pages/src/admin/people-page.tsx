import { useState } from 'preact/hooks';
import { useList } from '../shared/actions.ts';
import { call, list } from '../shared/api.ts';
import { useConfirmed } from '../shared/confirm.tsx';
import { Field, Form } from '../shared/form.tsx';
import { NameFields, namesIn } from '../shared/names.tsx';
import { Notice, RefusalNotice } from '../shared/notice.tsx';
import { to } from '../shared/place.ts';
import type { User } from '../shared/types.ts';
import { useDates, useTexts } from '../texts/texts.ts';
import { Choice, FilterForm, TextFilter, useFilters } from './filters.tsx';
import { useAdminTexts } from './texts.ts';

/** Users on a page of the list. */
const PAGE = '25';

export function PeoplePage() {
  const a = useAdminTexts();
  const { filters, setFilters } = useFilters();
  const { email = '', name = '', role = '', disabled = '', sort = 'created' } = filters;
  return (
    <>
      <FilterForm onFilter={setFilters}>
        <TextFilter name="email" label={a.emailBegins} value={email} />
        <TextFilter name="name" label={a.nameBegins} value={name} />
        <TextFilter name="role" label={a.role} value={role} />
        <Choice
          name="disabled"
          label={a.state}
          value={disabled}
          options={{ '': a.all, false: a.enabled, true: a.disabled }}
        />
        <Choice
          name="sort"
          label={a.order}
          value={sort}
          options={{
            created: a.oldestFirst,
            '-created': a.newestFirst,
            email: a.byEmail,
            '-email': a.byEmailReversed,
            name: a.byName,
            '-name': a.byNameReversed,
          }}
        />
      </FilterForm>
      <People key={JSON.stringify(filters)} query={{ email, name, role, disabled, sort }} />
      <section aria-labelledby="invite">
        <h2 id="invite">{a.invite}</h2>
        <Invite />
      </section>
    </>
  );
}

function People({ query }: { readonly query: Readonly<Record<string, string>> }) {
  const [t, a] = [useTexts(), useAdminTexts()];
  const date = useDates();
  const users = useList((cursor) => list<User>('/users', { ...query, limit: PAGE, cursor }));
  return (
    <>
      <RefusalNotice refusal={users.refusal} />
      <div class="table" aria-busy={users.busy}>
        <table>
          <caption class="hidden">{a.people}</caption>
          <thead>
            <tr>
              <th scope="col">{t.email}</th>
              <th scope="col">{t.name}</th>
              <th scope="col">{a.role}</th>
              <th scope="col">{a.state}</th>
              <th scope="col">{a.created}</th>
            </tr>
          </thead>
          <tbody>
            {users.items?.map((user) => (
              <tr key={user.id}>
                <th scope="row">
                  <a href={`${to('person')}?id=${user.id}`}>{user.email}</a>
                </th>
                <td>{[user.first_name, user.last_name].filter(Boolean).join(' ')}</td>
                <td>{user.role}</td>
                <td>{user.disabled ? a.disabled : a.enabled}</td>
                <td>{date(user.created_at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {users.items?.length === 0 && !users.more && <p>{a.nobody}</p>}
      {users.more && (
        <button type="button" aria-disabled={users.busy} onClick={() => void users.more?.()}>
          {t.more}
        </button>
      )}
    </>
  );
}

function Invite() {
  const [t, a] = [useTexts(), useAdminTexts()];
  const confirmed = useConfirmed();
  const [invited, setInvited] = useState<User | null>(null);
  const invite = async ({ email, role, ...fields }: Readonly<Record<string, string>>) => {
    setInvited(null);
    const invitation = { email, ...namesIn(fields), ...(role && { role }) };
    setInvited(await confirmed(() => call<User>('POST', '/invitations', invitation)));
  };
  return (
    <>
      {invited && (
        <Notice kind="good">
          {a.invited(invited.email)} <a href={`${to('person')}?id=${invited.id}`}>{a.open}</a>
        </Notice>
      )}
      <Form submit={a.invite} action={invite}>
        <Field name="email" type="email" label={t.email} autocomplete="off" />
        <NameFields />
        <Field name="role" label={a.role} autocomplete="off" required={false} />
      </Form>
    </>
  );
}
