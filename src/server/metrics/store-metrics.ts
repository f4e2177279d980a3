import type { Registry } from 'prom-client';
import type { Clock } from '../../common/clock.js';
import type { OutboxStore } from '../../mail/outbox-store.js';
import { SlowNumber } from '../../common/slow-number.js';
import { liveSessionsOf } from '../../sessions/live-count.js';
import type { SessionStore } from '../../sessions/session-store.js';
import { type Sample, register } from './registry.js';

/** Registers numbers that are in a store, and so the same for all workers: each is asked of one worker. */
export function watchStores(
  registry: Registry,
  { sessions, outbox, clock }: { sessions: SessionStore; outbox: OutboxStore | null; clock: Clock },
  isAsked: () => boolean,
): void {
  const numbers = new Map<string, SlowNumber>();
  const family = (subject: string, name: string, help: string, number: SlowNumber) => {
    numbers.set(subject, number);
    register(registry, {
      name,
      help,
      type: 'gauge',
      aggregator: 'max',
      read: async () => (isAsked() ? samplesOf(await number.value()) : []),
    });
  };
  const live = liveSessionsOf(sessions, clock);
  if (live)
    family('sessions', 'coatcheck_sessions_active', 'Sessions and access tokens that are valid now.', live);
  if (outbox !== null) {
    const mails = (state: 'waiting' | 'failed') => new SlowNumber(() => outbox.count(state));
    family('outbox_waiting', 'coatcheck_outbox_waiting', 'Mails that wait to be sent.', mails('waiting'));
    family('outbox_failed', 'coatcheck_outbox_failed', 'Mails that are not tried any more.', mails('failed'));
  }
  register(registry, {
    name: 'coatcheck_store_readable',
    help: 'Whether the last try to read a number from a store succeeded. The number is missing while this is 0.',
    type: 'gauge',
    aggregator: 'max',
    read: async () => {
      if (!isAsked()) return [];
      await Promise.all([...numbers.values()].map((number) => number.value()));
      return [...numbers].map(([subject, { isReadable }]) => ({
        labels: { subject },
        value: Number(isReadable),
      }));
    },
  });
}

function samplesOf(value: number | null): Sample[] {
  return value === null ? [] : [{ labels: {}, value }];
}
