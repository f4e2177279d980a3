import { Delete, Get, Param } from '@nestjs/common';
import { CurrentExchange } from '../../../auth/exchange/contexts.js';
import type { Exchange } from '../../../auth/exchange/exchange.js';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidQuery } from '../../input.js';
import type { Initiator } from '../../../audit/initiator.js';
import { CurrentInitiator } from '../../../auth/request-initiator.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { CurrentSession, Fresh, ForAdmins } from '../../../auth/decorators/access.js';
import { DomainError } from '../../../common/domain-error.js';
import type { Session, SessionOwner } from '../../../sessions/session.js';
import { SessionsService } from '../../../sessions/sessions.service.js';
import { Accounts } from '../../../users/accounts.js';
import { ListSessionsDto } from './list-sessions.dto.js';
import { SessionDto } from './session.dto.js';
import { pageOf } from './session-page.js';
import { SessionView } from './session-view.js';

/** The sessions and access tokens of any user, for administrators. */
@ApiTag('session')
@CoatcheckController('users/:id/sessions')
@ForAdmins()
export class UserSessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly accounts: Accounts,
    private readonly view: SessionView,
  ) {}

  @Get()
  @ApiAction({
    id: 'listUserSessions',
    summary: "List a user's sessions and access tokens",
    description: 'For administrators. Lists the sessions and access tokens of a user.',
    refusals: ['not_found'],
  })
  @ApiAnswer(200, {
    type: [SessionDto],
    description: 'A page of those that have not ended, newest first.',
    headers: ['Link', 'Next-Cursor'],
  })
  async list(
    @Param('id') id: string,
    @CurrentSession() current: Session | null,
    @ValidQuery(ListSessionsDto) query: Readonly<ListSessionsDto>,
    @CurrentExchange() { headers }: Exchange,
  ) {
    const user = await this.#find(id);
    const page = await pageOf(this.sessions, user, query, headers);
    return page.map((session) => this.view.show(session, current));
  }

  @Delete()
  @Fresh('5m')
  @ApiAction({
    id: 'endUserSessions',
    summary: "End all of a user's sessions and access tokens",
    description: 'For administrators. Every process refuses them from the next request on.',
    refusals: ['not_found'],
  })
  @ApiAnswer(200, {
    schema: { type: 'object', properties: { ended: { type: 'integer' } }, required: ['ended'] },
    description: 'How many sessions and access tokens have ended.',
  })
  async endAll(@Param('id') id: string, @CurrentInitiator() by: Initiator) {
    const user = await this.#find(id);
    return { ended: await this.sessions.endAll(user.id, 'ended_by_admin', undefined, by) };
  }

  @Delete(':session')
  @Fresh('5m')
  @ApiAction({
    id: 'endUserSession',
    summary: "End one of a user's sessions or access tokens",
    description: 'For administrators. Every process refuses it from the next request on.',
    refusals: ['not_found'],
  })
  @ApiAnswer(200, { description: 'It has ended.' })
  async end(@Param('id') id: string, @Param('session') sessionId: string, @CurrentInitiator() by: Initiator) {
    const session = await this.sessions.find(await this.#find(id), sessionId);
    if (!session || !(await this.sessions.end(session, 'ended_by_admin', by)))
      throw new DomainError('not_found');
    return {};
  }

  async #find(id: string): Promise<SessionOwner> {
    const known = await this.accounts.findById(id);
    if (!known) throw new DomainError('not_found');
    return { id, credentialVersion: known.credential.version };
  }
}
