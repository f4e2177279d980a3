import { HttpCode, Post } from '@nestjs/common';
import type { Initiator } from '../../../audit/initiator.js';
import { Public } from '../../../auth/decorators/access.js';
import { CurrentExchange } from '../../../auth/exchange/contexts.js';
import type { Exchange } from '../../../auth/exchange/exchange.js';
import { CurrentInitiator } from '../../../auth/request-initiator.js';
import { SignInService } from '../../../auth/sign-in.service.js';
import { DomainError } from '../../../common/domain-error.js';
import { PasskeySignIns } from '../../../factors/passkey-sign-ins.js';
import { SecondSteps } from '../../../factors/second-steps.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidBody } from '../../input.js';
import { SignedInUserDto } from '../sessions/session.dto.js';
import { SessionView } from '../sessions/session-view.js';
import { PasskeyOptionsDto, PasskeySignInDto, WebAuthnOptionsDto } from './factors.dto.js';

/** Signs in with a passkey alone. The user is the one that the passkey belongs to. */
@ApiTag('factors')
@CoatcheckController('auth_session/passkey')
@Public()
export class PasskeySignInController {
  constructor(
    private readonly ceremonies: PasskeySignIns,
    private readonly steps: SecondSteps,
    private readonly signIns: SignInService,
    private readonly view: SessionView,
  ) {}

  @Post('options')
  @HttpCode(200)
  @ApiAction({
    id: 'beginPasskeySignIn',
    summary: 'Get the options to sign in with a passkey',
    description:
      'For `navigator.credentials.get()`, for any passkey that the browser knows. They are valid in this browser only.',
    refusals: ['not_found', 'store_unavailable'],
    optionalBody: true,
  })
  @ApiAnswer(200, {
    type: WebAuthnOptionsDto,
    headers: ['Set-Cookie'],
    description: 'The options, valid for five minutes and once.',
  })
  async options(
    @ValidBody(PasskeyOptionsDto) { transport }: Readonly<PasskeyOptionsDto>,
    @CurrentExchange() exchange: Exchange,
  ) {
    const { place, token } = this.ceremonies.begin(this.signIns.transportFor(transport), exchange);
    const options = await this.steps.signInRequest(place);
    return { options, ...(token !== null && { token }) };
  }

  @Post()
  @HttpCode(200)
  @ApiAction({
    id: 'signInWithPasskey',
    summary: 'Sign in with a passkey',
    description:
      'With the answer of the browser to the options. No second step follows, because a passkey verifies its user.',
    refusals: [
      'factor_invalid',
      'email_not_verified',
      'session_limit_reached',
      'too_many_attempts',
      'not_found',
      'store_unavailable',
    ],
  })
  @ApiAnswer(200, { type: SignedInUserDto, headers: ['Set-Cookie'], description: 'Signed in.' })
  async signIn(
    @ValidBody(PasskeySignInDto) { credential, token, transport, remember }: Readonly<PasskeySignInDto>,
    @CurrentInitiator() by: Initiator,
    @CurrentExchange() exchange: Exchange,
  ) {
    const wanted = this.signIns.transportFor(transport);
    const place = this.ceremonies.placeOf(wanted, token ?? null, exchange);
    const identity = place === null ? null : await this.steps.signIn(place, credential, by);
    if (!identity) throw new DomainError('factor_invalid');
    const options = { transport: wanted, remember: remember ?? false };
    const issued = await this.signIns.signInWithPasskey(identity.user, exchange, options);
    return this.view.signedIn(identity, issued);
  }
}
