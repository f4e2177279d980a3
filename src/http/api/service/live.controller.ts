import { Get, Optional } from '@nestjs/common';
import { ForAdmins } from '../../../auth/decorators/access.js';
import { Clock } from '../../../common/clock.js';
import { StoreUnavailableError } from '../../../common/domain-error.js';
import { SlowNumber } from '../../../common/slow-number.js';
import { countSessions, countsLive } from '../../../sessions/live-count.js';
import { SessionStore } from '../../../sessions/session-store.js';
import { hashQueueSizes } from '../../../users/passwords/hashing-threads.js';
import { ApiAction, ApiAnswer, ApiField, ApiTag } from '../../api-notes.js';
import { CoatcheckController } from '../../coatcheck-controller.js';

/** The schema of the hashes of passwords in the process that answers. */
class HashingDto {
  @ApiField({ type: 'integer', minimum: 0, description: 'How many run now.' })
  readonly running!: number;

  @ApiField({ type: 'integer', minimum: 0, description: 'How many wait for their turn.' })
  readonly waiting!: number;
}

/** The schema of what is live now. */
class LiveDto {
  @ApiField({
    type: 'integer',
    minimum: 0,
    nullable: true,
    description:
      'Sessions and access tokens that are valid now, counted at most ten seconds ago, or longer where counting takes longer. Null if there is no count yet, or the store cannot count.',
  })
  readonly sessions!: number | null;

  @ApiField({ type: HashingDto })
  readonly hashing!: HashingDto;
}

/** What is going on now, for administrators. */
@ApiTag('service')
@CoatcheckController('stats/live')
@ForAdmins()
export class LiveController {
  #sessions: SlowNumber | null = null;

  constructor(
    private readonly clock: Clock,
    @Optional() private readonly store?: SessionStore,
  ) {}

  @Get()
  @ApiAction({
    id: 'getLive',
    summary: 'Count the sessions and hashes of now',
    description:
      'For administrators. How many sessions are valid, and how many passwords are hashed or wait for it.',
  })
  @ApiAnswer(200, { type: LiveDto, description: 'The numbers of now.' })
  async live(): Promise<LiveDto> {
    return { sessions: await this.#countSessions(), hashing: hashQueueSizes() };
  }

  async #countSessions(): Promise<number | null> {
    const { store } = this;
    if (!store || !countsLive(store)) return null;
    this.#sessions ??= new SlowNumber(() => countSessions(store, this.clock));
    const count = await this.#sessions.value();
    if (!this.#sessions.isReadable) throw new StoreUnavailableError();
    return count;
  }
}
