import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Optional,
  Param,
  Patch,
  Post,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuditTrail } from '../audit/audit-trail.js';
import { CurrentInitiator, type Initiator } from '../audit/initiator.js';
import { ApiAnswer, ApiTag } from '../common/api-notes.js';
import { CurrentSession, CurrentUser, Fresh } from '../common/access.js';
import { DomainError } from '../common/domain-error.js';
import type { Session } from '../sessions/session.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { userJson } from '../users/user-json.js';
import type { User } from '../users/user.js';
import { UsersOptions } from '../users/users-options.js';
import { UsersService } from '../users/users.service.js';
import { Auth } from './auth.js';
import { EndSessionsDto } from './dto/end-sessions.dto.js';
import { ListSessionsDto } from './dto/list-sessions.dto.js';
import { ReauthenticateDto } from './dto/reauthenticate.dto.js';
import { RenameSessionDto } from './dto/rename-session.dto.js';
import { CurrentSessionDto, GrantedSessionDto, SessionDto } from './dto/session.dto.js';
import { pageOf } from './session-page.js';
import { SessionView } from './session-view.js';
import { withTicket } from './with-ticket.js';

/** Where the caller is signed in: their sessions and access tokens. */
@ApiTag('session')
@Controller('sessions')
export class SessionsController {
  constructor(
    private readonly auth: Auth,
    private readonly sessions: SessionsService,
    private readonly users: UsersService,
    private readonly view: SessionView,
    private readonly usersOptions: UsersOptions,
    @Optional() private readonly trail?: AuditTrail,
  ) {}

  @Get()
  @ApiAnswer(200, {
    type: [SessionDto],
    description: 'The live ones, newest first; a `Link` header names the next page.',
  })
  async list(
    @CurrentUser() user: User,
    @CurrentSession() current: Session | null,
    @Query() query: ListSessionsDto,
    @Res({ passthrough: true }) response: Response,
  ) {
    const page = pageOf(await this.sessions.list(user), query, response);
    return page.map((session) => this.view.show(session, current));
  }

  @Get('current')
  @ApiAnswer(200, { type: CurrentSessionDto })
  @ApiAnswer(404, { description: 'This request came with no session but with the password itself.' })
  current(@CurrentUser() user: User, @CurrentSession() current: Session | null) {
    if (!current) throw new DomainError('not_found');
    return {
      session: this.view.show(current, current),
      user: userJson(user, this.usersOptions.presentation, user),
    };
  }

  @Post('current/reauthenticate')
  @HttpCode(200)
  @ApiAnswer(200, {
    type: GrantedSessionDto,
    description: 'Proven anew: the session has another ticket, and all of its time again.',
  })
  @ApiAnswer(403, { description: 'The password is wrong, or the ticket is an access token.' })
  @ApiAnswer(404, { description: 'This request came with no session but with the password itself.' })
  @ApiAnswer(429, { description: 'Too many attempts from this network failed.' })
  async reauthenticate(
    @CurrentUser() user: User,
    @CurrentSession() current: Session | null,
    @CurrentInitiator() by: Initiator,
    @Body() { password }: ReauthenticateDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    if (!current) throw new DomainError('not_found');
    if (current.kind === 'access_token') throw new DomainError('forbidden');
    const claimant = { ip: by.ip, ticketOf: user.id };
    const verification = await this.users.verify(user.email, password, claimant);
    // The address may be another's by now.
    const isProven = verification.outcome === 'verified' && verification.user.id === user.id;
    const type = isProven ? 'reauthenticated' : 'reauthentication_failed';
    await this.trail?.record({ type, subjectId: user.id, sessionId: current.id }, by);
    if (!isProven) throw new DomainError('current_password_wrong');
    const grant = await this.auth.renew({ request, response });
    if (!grant) throw new DomainError('credentials_invalid');
    return withTicket(this.view.show(grant.session, grant.session), grant.token);
  }

  @Patch(':id')
  @ApiAnswer(200, { type: SessionDto })
  @ApiAnswer(404)
  async rename(
    @CurrentUser() user: User,
    @CurrentSession() current: Session | null,
    @CurrentInitiator() by: Initiator,
    @Param('id') id: string,
    @Body() { label }: RenameSessionDto,
  ) {
    const session = await this.#find(user, id);
    const renamed = await this.sessions.rename(session, label, by);
    if (!renamed) throw new DomainError('not_found');
    return this.view.show(renamed, current);
  }

  @Delete(':id')
  @Fresh('5m')
  @ApiAnswer(200, { description: 'Over, from the next request on.' })
  @ApiAnswer(404)
  async end(
    @CurrentUser() user: User,
    @CurrentSession() current: Session | null,
    @CurrentInitiator() by: Initiator,
    @Param('id') id: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    const session = await this.#find(user, id);
    const isOver =
      session.id === current?.id
        ? await this.auth.signOut({ request, response })
        : await this.sessions.end(session.id, 'ended_elsewhere', by);
    if (!isOver) throw new DomainError('not_found');
    return {};
  }

  @Delete()
  @Fresh('5m')
  @ApiAnswer(200, {
    schema: { type: 'object', properties: { ended: { type: 'integer' } }, required: ['ended'] },
    description: 'How many are over, from the next request on; access tokens are among them.',
  })
  async endAll(
    @CurrentUser() user: User,
    @CurrentSession() current: Session | null,
    @CurrentInitiator() by: Initiator,
    @Query() { scope }: EndSessionsDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    const others = await this.sessions.endAll(user.id, 'ended_elsewhere', current?.id, by);
    const isOut = scope === 'all' && current !== null && (await this.auth.signOut({ request, response }));
    return { ended: others + Number(isOut) };
  }

  async #find(user: User, id: string): Promise<Session> {
    const session = await this.sessions.find(user, id);
    if (!session) throw new DomainError('not_found');
    return session;
  }
}
