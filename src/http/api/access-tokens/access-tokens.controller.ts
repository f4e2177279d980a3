import { Optional, Post } from '@nestjs/common';
import { CurrentExchange } from '../../../auth/exchange/contexts.js';
import type { Exchange } from '../../../auth/exchange/exchange.js';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidBody } from '../../input.js';
import type { Initiator } from '../../../audit/initiator.js';
import { CurrentInitiator } from '../../../auth/request-initiator.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { CurrentOwner, Fresh } from '../../../auth/decorators/access.js';
import { Clock } from '../../../common/clock.js';
import { invalid } from '../../../common/domain-error.js';
import { clientFacts } from '../../../auth/client-facts.js';
import { secondFactorsIn } from '../../../sessions/proofs.js';
import type { SessionOwner } from '../../../sessions/session.js';
import { SessionLifetime } from '../../../sessions/session-lifetime.js';
import { SignInService } from '../../../auth/sign-in.service.js';
import { MailQueue } from '../../../users/mails/mail-queue.js';
import { SessionsService } from '../../../sessions/sessions.service.js';
import { CreateAccessTokenDto } from './create-access-token.dto.js';
import { GrantedSessionDto } from '../sessions/session.dto.js';
import { SessionView } from '../sessions/session-view.js';
import { tokenEndFault } from '../../../sessions/token-end.js';
import { withToken } from '../../../auth/carriers/with-token.js';

/** Access tokens for programs of a user. They are listed and ended like sessions. */
@ApiTag('session')
@CoatcheckController('access_tokens')
export class AccessTokensController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly signIns: SignInService,
    private readonly view: SessionView,
    private readonly clock: Clock,
    @Optional() private readonly mails?: MailQueue,
  ) {}

  @Post()
  @Fresh('5m')
  @ApiAction({
    id: 'createAccessToken',
    summary: 'Create an access token',
    description:
      'Creates a named bearer token for a program. Only this answer contains the token. The number of live access tokens of a user is limited.',
    refusals: ['access_token_limit_reached'],
  })
  @ApiAnswer(201, { type: GrantedSessionDto, description: 'The access token.' })
  async create(
    @CurrentOwner() owner: SessionOwner,
    @CurrentInitiator() by: Initiator,
    @ValidBody(CreateAccessTokenDto) { label, scope, expires_at }: Readonly<CreateAccessTokenDto>,
    @CurrentExchange() { authRequest, principal }: Exchange,
  ) {
    const expiresAt = new Date(expires_at);
    const fault = tokenEndFault(expiresAt, this.clock.now());
    if (fault !== null) throw invalid('/expires_at', fault);
    const earlier = secondFactorsIn(principal?.session?.proofs ?? {});
    const terms = { kind: 'access_token', transport: 'bearer', label, scope, expiresAt, earlier } as const;
    const { session, token } = await this.sessions.open(
      owner,
      clientFacts(authRequest),
      SessionLifetime.unlimited,
      by,
      terms,
    );
    const to = principal && this.signIns.accounts.addressOf(principal.user);
    await this.mails?.notify('access_token_created', owner.id, to ?? null, by, { label });
    return withToken(this.view.show(session, null), token);
  }
}
