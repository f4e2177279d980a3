import type { useList } from '../shared/actions.ts';
import { RefusalNotice } from '../shared/notice.tsx';
import { to } from '../shared/place.ts';
import { useDates, useTexts } from '../texts/texts.ts';
import { useAdminTexts } from './texts.ts';
import type { AuditEvent } from './types.ts';

/** Events, newest first. */
export function EventTable({ events }: { readonly events: ReturnType<typeof useList<AuditEvent>> }) {
  const [t, a] = [useTexts(), useAdminTexts()];
  const date = useDates();
  return (
    <>
      <RefusalNotice refusal={events.refusal} />
      <div class="table" aria-busy={events.busy}>
        <table>
          <caption class="hidden">{a.events}</caption>
          <thead>
            <tr>
              <th scope="col">{a.time}</th>
              <th scope="col">{a.event}</th>
              <th scope="col">{a.details}</th>
              <th scope="col">{a.user}</th>
              <th scope="col">{t.address}</th>
            </tr>
          </thead>
          <tbody>
            {events.items?.map(({ id, at, type, count, details, subject_id, actor_id, ip }) => (
              <tr key={id}>
                <td>{date(at)}</td>
                <th scope="row">
                  {type}
                  {count > 1 && ` × ${count}`}
                </th>
                <td>{Object.values(details).join(', ')}</td>
                <td>
                  {(subject_id ?? actor_id) !== null && (
                    <a href={`${to('person')}?id=${subject_id ?? actor_id}`}>{a.open}</a>
                  )}
                </td>
                <td>{ip}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {events.items?.length === 0 && !events.more && <p>{a.noEvents}</p>}
      {events.more && (
        <button type="button" aria-disabled={events.busy} onClick={() => void events.more?.()}>
          {t.more}
        </button>
      )}
    </>
  );
}
