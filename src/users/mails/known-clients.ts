import { Injectable } from '@nestjs/common';
import { Clock, later } from '../../common/clock.js';
import { deviceOf } from '../../common/device.js';
import { digest } from '../../common/digest.js';
import { entriesIn } from '../../common/json.js';
import { networksOf } from '../../common/network.js';
import { untilStored } from '../../common/until-stored.js';
import type { OutboxMail } from '../../mail/outbox-mail.js';
import { isInstant } from '../../throttle/counter-text.js';
import { TokenStore } from '../token-store.js';

/** How many clients of an account are remembered, and for how long without a sign-in, in milliseconds. */
const MOST_CLIENTS = 30;
const KNOWN_FOR = 90 * 86_400_000;

/** A client: a hash of its browser and network, and the mail about its last sign-in. */
type Client = readonly [name: string, mailId: string, at: number];

/** Remembers from which browsers and networks people sign in. */
@Injectable()
export class KnownClients {
  constructor(
    private readonly store: TokenStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Remembers the client of a sign-in, and returns whether nobody has signed in to the account from such a browser in such a
   * network (an IPv4 /24, an IPv6 /48). The first client of an account is not new. The answer for one mail is always the same.
   */
  async isNew(userId: string, { id, facts }: OutboxMail): Promise<boolean> {
    const key = `clients:${digest(userId)}`;
    const { browser, os } = deviceOf(facts.userAgent ?? null);
    // The version of a browser changes every few weeks.
    const kind = `${browser?.replace(/ [\d.]+$/, '') ?? ''} ${os ?? ''}`;
    const name = digest(`${kind} ${networksOf(facts.ip ?? null).at(-1)!.name}`);
    return untilStored(async () => {
      const now = this.clock.now();
      const before = await this.store.read(key, now);
      const clients = entriesIn(before, isClient).filter(([, , at]) => at > now.getTime() - KNOWN_FOR);
      const others = clients.filter(([, mailId]) => mailId !== id);
      const isKnown = others.length === 0 || others.some(([known]) => known === name);
      const rest = others.filter(([known]) => known !== name);
      const next: Client[] = [...rest, [name, id, now.getTime()]];
      const text = JSON.stringify(next.slice(-MOST_CLIENTS));
      return (await this.store.swap(key, before, text, later(now, KNOWN_FOR), now)) ? !isKnown : null;
    });
  }
}

function isClient(value: unknown): value is Client {
  return (
    Array.isArray(value) &&
    typeof value[0] === 'string' &&
    typeof value[1] === 'string' &&
    isInstant(value[2])
  );
}
