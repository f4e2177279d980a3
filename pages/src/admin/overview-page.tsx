import { useEffect } from 'preact/hooks';
import { useLoaded } from '../shared/actions.ts';
import { call } from '../shared/api.ts';
import { RefusalNotice } from '../shared/notice.tsx';
import { Chart, type Series } from './chart.tsx';
import { useAdminTexts } from './texts.ts';
import type { Interval, Live } from './types.ts';

const HOUR = 60 * 60_000;

/** Hours that the charts show. */
const HOURS = 24;

/** Milliseconds between two readings. */
const INTERVAL = 30_000;

/** What happened in the last day, and what there is now. It is read again while the page is visible. */
export function OverviewPage() {
  const a = useAdminTexts();
  const { value, refusal, reload } = useLoaded(async () => {
    const end = Math.ceil(Date.now() / HOUR) * HOUR;
    const [from, to] = [end - HOURS * HOUR, end].map((at) => new Date(at).toISOString());
    const type = 'sign_in,sign_in_failed,sign_in_throttled,second_step_failed';
    const [intervals, live, { users }] = await Promise.all([
      call<Interval[]>(
        'GET',
        `/stats/activity?${new URLSearchParams({ from: from!, to: to!, step: '1h', type })}`,
      ),
      call<Live>('GET', '/stats/live'),
      call<{ users: number }>('GET', '/stats'),
    ]);
    return { intervals, live, users };
  });
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void reload();
    }, INTERVAL);
    return () => clearInterval(timer);
  }, []);
  if (!value) return <RefusalNotice refusal={refusal} />;
  const { intervals, live, users } = value;
  const of = (...types: string[]): Series[] => [
    { name: a.count, values: intervals.map((interval) => sum(interval, ({ type }) => types.includes(type))) },
  ];
  const failures = ({ type }: Counted) => type === 'sign_in_failed' || type === 'second_step_failed';
  const reasons = [
    ...new Set(intervals.flatMap(({ counts }) => counts.filter(failures).map(reasonOf))),
  ].toSorted();
  const byReason = reasons.map((reason) => ({
    name: reason,
    values: intervals.map((interval) => sum(interval, (one) => failures(one) && reasonOf(one) === reason)),
  }));
  const times = intervals.map(({ at }) => at);
  return (
    <>
      <RefusalNotice refusal={refusal} />
      <dl class="figures">
        <Figure name={a.users} value={users} />
        <Figure name={a.activeSessions} value={live.sessions} />
        <Figure name={a.hashesRunning} value={live.hashing.running} />
        <Figure name={a.hashesWaiting} value={live.hashing.waiting} />
      </dl>
      <Chart title={a.signIns} times={times} series={of('sign_in')} />
      <Chart title={a.failures} times={times} series={byReason} />
      <Chart title={a.throttled} times={times} series={of('sign_in_throttled')} />
    </>
  );
}

type Counted = Interval['counts'][number];

function reasonOf({ type, reason }: Counted): string {
  return reason ?? type;
}

function sum({ counts }: Interval, isCounted: (count: Counted) => boolean): number {
  return counts.filter(isCounted).reduce((total, { count }) => total + count, 0);
}

/** A number with its name; a dash for one that the store cannot count. */
function Figure({ name, value }: { readonly name: string; readonly value: number | null }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value === null ? '–' : value.toLocaleString(document.documentElement.lang)}</dd>
    </div>
  );
}
