import { Injectable } from '@nestjs/common';
import { SessionView } from '../../http/api/sessions/session-view.js';
import type { User } from '../../users/user.js';
import { alxTimestamp, alxUserJson } from './alx-user-json.js';

/** Shows sessions and their users in the contract's form. */
@Injectable()
export class AlxSessionView extends SessionView {
  protected override builtInUser(user: User): object {
    return alxUserJson(user);
  }

  protected override timestamp(at: Date): string {
    return alxTimestamp(at);
  }
}
