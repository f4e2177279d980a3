import { Injectable, Optional } from '@nestjs/common';
import { checkNeeds } from '../../common/needs.js';
import { OutboxStore } from '../../mail/outbox-store.js';
import { GuessThrottle } from '../../throttle/guess-throttle.js';
import { Accounts } from '../accounts.js';
import { TokenStore } from '../token-store.js';

/** What `MailModule` needs from other modules. Stops the start with all that is missing at once. */
@Injectable()
export class MailNeeds {
  constructor(
    @Optional() readonly tokens: TokenStore,
    @Optional() readonly outbox: OutboxStore,
    @Optional() readonly accounts: Accounts,
    @Optional() readonly throttle: GuessThrottle,
  ) {
    checkNeeds('MailModule', {
      TokenStore: tokens,
      OutboxStore: outbox,
      UsersModule: accounts && throttle,
    });
  }
}
