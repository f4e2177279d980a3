import { Get, Optional } from '@nestjs/common';
import { ForAdmins } from '../../../auth/decorators/access.js';
import { Clock } from '../../../common/clock.js';
import { StoreUnavailableError } from '../../../common/domain-error.js';
import { liveSessionsOf } from '../../../sessions/live-count.js';
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
    const number = this.store ? liveSessionsOf(this.store, this.clock) : null;
    const count = (await number?.value()) ?? null;
    if (number?.isReadable === false) throw new StoreUnavailableError();
    return count;
  }
}
