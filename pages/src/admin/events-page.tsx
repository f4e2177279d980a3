import { useList } from '../shared/actions.ts';
import { list } from '../shared/api.ts';
import { apiUrl } from '../shared/place.ts';
import { EventTable } from './event-table.tsx';
import { FilterForm, TextFilter, useFilters } from './filters.tsx';
import { useAdminTexts } from './texts.ts';
import type { AuditEvent } from './types.ts';

export function EventsPage() {
  const a = useAdminTexts();
  const { filters, setFilters } = useFilters();
  const { type = '', reason = '', user = '', ip = '', from = '', to = '' } = filters;
  const query = { type, reason, user, ip, from: instantOf(from), to: instantOf(to) };
  const given = Object.entries(query).filter(([, value]) => value !== '');
  return (
    <>
      <FilterForm onFilter={setFilters}>
        <TextFilter name="type" label={a.event} value={type} />
        <TextFilter name="reason" label={a.reason} value={reason} />
        <TextFilter name="user" label={a.userId} value={user} />
        <TextFilter name="ip" label={a.ip} value={ip} />
        <TextFilter name="from" label={a.from} value={from} type="datetime-local" />
        <TextFilter name="to" label={a.until} value={to} type="datetime-local" />
      </FilterForm>
      <p>
        <a class="button" download href={`${apiUrl('/audit/export')}?${new URLSearchParams(given)}`}>
          {a.export}
        </a>
      </p>
      <Events key={JSON.stringify(filters)} query={query} />
    </>
  );
}

function Events({ query }: { readonly query: Readonly<Record<string, string>> }) {
  const events = useList((cursor) => list<AuditEvent>('/audit', { ...query, limit: '50', cursor }));
  return <EventTable events={events} />;
}

/** A local day and time as an instant; unchanged if it is none. */
function instantOf(local: string): string {
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? local : date.toISOString();
}
