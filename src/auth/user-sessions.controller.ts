import { Controller, Delete, Get, Param, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import { CurrentInitiator, type Initiator } from '../audit/initiator.js';
import { ApiAnswer, ApiTag } from '../common/api-notes.js';
import { CurrentSession, Fresh, Roles } from '../common/access.js';
import { DomainError } from '../common/domain-error.js';
import type { Session } from '../sessions/session.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { User } from '../users/user.js';
import { UsersService } from '../users/users.service.js';
import { ListSessionsDto } from './dto/list-sessions.dto.js';
import { SessionDto } from './dto/session.dto.js';
import { pageOf } from './session-page.js';
import { SessionView } from './session-view.js';

/** Where any user is signed in, for administrators. */
@ApiTag('session')
@Controller('users/:id/sessions')
@Roles('admin')
export class UserSessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly users: UsersService,
    private readonly view: SessionView,
  ) {}

  @Get()
  @ApiAnswer(200, {
    type: [SessionDto],
    description: 'The live ones, newest first; a `Link` header names the next page.',
  })
  @ApiAnswer(403, { description: 'For administrators.' })
  @ApiAnswer(404)
  async list(
    @Param('id') id: string,
    @CurrentSession() current: Session | null,
    @Query() query: ListSessionsDto,
    @Res({ passthrough: true }) response: Response,
  ) {
    const user = await this.#find(id);
    const page = pageOf(await this.sessions.list(user), query, response);
    return page.map((session) => this.view.show(session, current));
  }

  @Delete()
  @Fresh('5m')
  @ApiAnswer(200, {
    schema: { type: 'object', properties: { ended: { type: 'integer' } }, required: ['ended'] },
    description: 'How many are over, from the next request on; access tokens are among them.',
  })
  @ApiAnswer(403, { description: 'For administrators.' })
  @ApiAnswer(404)
  async endAll(@Param('id') id: string, @CurrentInitiator() by: Initiator) {
    const user = await this.#find(id);
    return { ended: await this.sessions.endAll(user.id, 'ended_by_admin', undefined, by) };
  }

  @Delete(':session')
  @Fresh('5m')
  @ApiAnswer(200, { description: 'Over, from the next request on.' })
  @ApiAnswer(403, { description: 'For administrators.' })
  @ApiAnswer(404)
  async end(@Param('id') id: string, @Param('session') sessionId: string, @CurrentInitiator() by: Initiator) {
    const session = await this.sessions.find(await this.#find(id), sessionId);
    if (!session || !(await this.sessions.end(session.id, 'ended_by_admin', by)))
      throw new DomainError('not_found');
    return {};
  }

  async #find(id: string): Promise<User> {
    const user = await this.users.find(id);
    if (!user) throw new DomainError('not_found');
    return user;
  }
}
