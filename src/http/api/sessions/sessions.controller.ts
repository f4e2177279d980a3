import { Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { CurrentExchange } from '../../../auth/exchange/contexts.js';
import type { Exchange } from '../../../auth/exchange/exchange.js';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidBody, ValidQuery } from '../../input.js';
import type { Initiator } from '../../../audit/initiator.js';
import { CurrentInitiator } from '../../../auth/request-initiator.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { CurrentOwner, CurrentPrincipal, CurrentSession, Fresh } from '../../../auth/decorators/access.js';
import { DomainError } from '../../../common/domain-error.js';
import type { Principal } from '../../../auth/auth.js';
import type { Session, SessionOwner } from '../../../sessions/session.js';
import { SessionsService } from '../../../sessions/sessions.service.js';
import { SignInService } from '../../../auth/sign-in.service.js';
import { EndSessionsDto } from './end-sessions.dto.js';
import { ListSessionsDto } from './list-sessions.dto.js';
import { ReauthenticateDto } from './reauthenticate.dto.js';
import { RenameSessionDto } from './rename-session.dto.js';
import { CurrentSessionDto, GrantedSessionDto, SessionDto } from './session.dto.js';
import { pageOf } from './session-page.js';
import { SessionView } from './session-view.js';
import { withToken } from '../../../auth/carriers/with-token.js';

/** The sessions and access tokens of the authenticated user. */
@ApiTag('session')
@CoatcheckController('sessions')
export class SessionsController {
  constructor(
    private readonly signIns: SignInService,
    private readonly sessions: SessionsService,
    private readonly view: SessionView,
  ) {}

  @Get()
  @ApiAction({
    id: 'listSessions',
    summary: 'List my sessions and access tokens',
    description: 'Lists the sessions and access tokens of the signed-in user.',
  })
  @ApiAnswer(200, {
    type: [SessionDto],
    description: 'A page of those that have not ended, newest first.',
    headers: ['Link', 'Next-Cursor'],
  })
  async list(
    @CurrentOwner() owner: SessionOwner,
    @CurrentSession() current: Session | null,
    @ValidQuery(ListSessionsDto) query: Readonly<ListSessionsDto>,
    @CurrentExchange() { headers }: Exchange,
  ) {
    const page = await pageOf(this.sessions, owner, query, headers);
    return page.map((session) => this.view.show(session, current));
  }

  @Get('current')
  @ApiAction({
    id: 'getCurrentSession',
    summary: 'Read my current session',
    description:
      'Returns the session of this request and its user. With Basic authentication there is no session.',
    refusals: ['not_found'],
  })
  @ApiAnswer(200, { type: CurrentSessionDto, description: 'The session and its user.' })
  current(@CurrentPrincipal() principal: Principal) {
    const { session: current } = principal;
    if (!current) throw new DomainError('not_found');
    return {
      session: this.view.show(current, current),
      user: this.view.showUser(principal),
    };
  }

  @Post('current/reauthenticate')
  @HttpCode(200)
  @ApiAction({
    id: 'reauthenticate',
    summary: 'Confirm that it is me',
    description:
      'Confirms the password. The session gets a new token, and its time limits start again. Access tokens cannot do this.',
    refusals: [
      'current_password_wrong',
      'forbidden',
      'not_found',
      'too_many_attempts',
      'too_many_requests',
      'busy',
    ],
  })
  @ApiAnswer(200, {
    type: GrantedSessionDto,
    description: 'The session. Its new token is in `Set-Cookie` or in `token`.',
    headers: ['Set-Cookie'],
  })
  async reauthenticate(
    @ValidBody(ReauthenticateDto) { password }: Readonly<ReauthenticateDto>,
    @CurrentExchange() exchange: Exchange,
  ) {
    const { session, token } = await this.signIns.reauthenticate(password, exchange);
    return withToken(this.view.show(session, session), token);
  }

  @Patch(':id')
  @ApiAction({
    id: 'renameSession',
    summary: 'Name a session or an access token',
    description: 'Sets the name. Null removes it.',
    refusals: ['not_found'],
  })
  @ApiAnswer(200, { type: SessionDto, description: 'The session.' })
  async rename(
    @CurrentOwner() owner: SessionOwner,
    @CurrentSession() current: Session | null,
    @CurrentInitiator() by: Initiator,
    @Param('id') id: string,
    @ValidBody(RenameSessionDto) { label }: Readonly<RenameSessionDto>,
  ) {
    const session = await this.#find(owner, id);
    const renamed = await this.sessions.rename(session, label, by);
    if (!renamed) throw new DomainError('not_found');
    return this.view.show(renamed, current);
  }

  @Delete(':id')
  @Fresh('5m')
  @ApiAction({
    id: 'endSession',
    summary: 'End a session or an access token',
    description: 'Every process refuses it from the next request on.',
    refusals: ['not_found'],
  })
  @ApiAnswer(200, { description: 'It has ended.', headers: ['Set-Cookie', 'Clear-Site-Data'] })
  async end(
    @CurrentOwner() owner: SessionOwner,
    @CurrentSession() current: Session | null,
    @CurrentInitiator() by: Initiator,
    @Param('id') id: string,
    @CurrentExchange() exchange: Exchange,
  ) {
    const session = await this.#find(owner, id);
    const isOver =
      session.id === current?.id
        ? await this.signIns.signOut(exchange)
        : await this.sessions.end(session, 'ended_elsewhere', by);
    if (!isOver) throw new DomainError('not_found');
    return {};
  }

  @Delete()
  @Fresh('5m')
  @ApiAction({
    id: 'endSessions',
    summary: 'End my other sessions and access tokens',
    description: 'Ends all except the current session. With `scope=all`, the current session ends, too.',
  })
  @ApiAnswer(200, {
    schema: { type: 'object', properties: { ended: { type: 'integer' } }, required: ['ended'] },
    description: 'How many sessions and access tokens have ended.',
    headers: ['Set-Cookie', 'Clear-Site-Data'],
  })
  async endAll(
    @CurrentOwner() owner: SessionOwner,
    @CurrentSession() current: Session | null,
    @CurrentInitiator() by: Initiator,
    @ValidQuery(EndSessionsDto) { scope }: Readonly<EndSessionsDto>,
    @CurrentExchange() exchange: Exchange,
  ) {
    const others = await this.sessions.endAll(owner.id, 'ended_elsewhere', current?.id, by);
    const isOut = scope === 'all' && current !== null && (await this.signIns.signOut(exchange));
    return { ended: others + Number(isOut) };
  }

  async #find(owner: SessionOwner, id: string): Promise<Session> {
    const session = await this.sessions.find(owner, id);
    if (!session) throw new DomainError('not_found');
    return session;
  }
}
