import { Get, HttpCode, Post } from '@nestjs/common';
import type { Initiator } from '../../../audit/initiator.js';
import { Public } from '../../../auth/decorators/access.js';
import { CurrentExchange } from '../../../auth/exchange/contexts.js';
import type { Exchange } from '../../../auth/exchange/exchange.js';
import { type PendingSignIn, PendingSignIns } from '../../../auth/pending-sign-ins.js';
import { CurrentInitiator } from '../../../auth/request-initiator.js';
import { SignInService } from '../../../auth/sign-in.service.js';
import { DomainError } from '../../../common/domain-error.js';
import { type Enrolment, type FactorOwner, FactorsService } from '../../../factors/factors.service.js';
import { type FactorKind, SecondSteps } from '../../../factors/second-steps.js';
import { identityIn } from '../../../users/accounts.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidBody } from '../../input.js';
import { SignedInUserDto } from '../sessions/session.dto.js';
import { SessionView } from '../sessions/session-view.js';
import { answerIn, setupJson } from './factors-view.js';
import {
  AddPasskeyDto,
  EnrolledUserDto,
  ProofDto,
  SecondStepDto,
  TotpCodeDto,
  TotpSetupDto,
  WebAuthnOptionsDto,
} from './factors.dto.js';

/**
 * The second step of a sign-in. Its token came with the refusal of the first step, in a cookie or as `pending_token`, which the client
 * sends as a bearer token. No other route accepts it.
 */
@ApiTag('factors')
@CoatcheckController('auth_session/second_step')
@Public()
export class SecondStepController {
  constructor(
    private readonly pending: PendingSignIns,
    private readonly steps: SecondSteps,
    private readonly factors: FactorsService,
    private readonly signIns: SignInService,
    private readonly view: SessionView,
  ) {}

  @Get()
  @ApiAction({
    id: 'getSecondStep',
    summary: 'Read what must follow',
    description: 'Returns the factors of which one must follow the password.',
    refusals: ['sign_in_expired', 'store_unavailable'],
  })
  @ApiAnswer(200, { type: SecondStepDto, description: 'The factors.' })
  async read(@CurrentExchange() exchange: Exchange) {
    const step = await this.steps.following(identityIn((await this.pending.find(exchange)).known));
    return { factors: step?.factors ?? [] };
  }

  @Post()
  @HttpCode(200)
  @ApiAction({
    id: 'finishSignIn',
    summary: 'Finish a sign-in',
    description: 'With a code, a recovery code or a passkey. Opens a session, as `signIn` does.',
    refusals: [
      'sign_in_expired',
      'factor_invalid',
      'session_limit_reached',
      'too_many_attempts',
      'store_unavailable',
      'codes_unavailable',
    ],
  })
  @ApiAnswer(200, { type: SignedInUserDto, headers: ['Set-Cookie'], description: 'Signed in.' })
  async finish(
    @ValidBody(ProofDto) proof: Readonly<ProofDto>,
    @CurrentInitiator() by: Initiator,
    @CurrentExchange() exchange: Exchange,
  ) {
    const answer = answerIn(proof);
    const pending = await this.pending.find(exchange);
    const tokenOwner = await this.signIns.ownerOfToken(exchange);
    const prover = { identity: identityIn(pending.known), place: placeOf(pending), tokenOwner };
    const kind = await this.steps.verify(prover, answer, by);
    if (!kind) throw new DomainError('factor_invalid');
    const signedIn = await this.signIns.finishSignIn(pending, kind, exchange);
    return this.view.signedIn(signedIn, signedIn);
  }

  @Post('options')
  @HttpCode(200)
  @ApiAction({
    id: 'beginPasskeyStep',
    summary: 'Get the options to finish with a passkey',
    description: 'For `navigator.credentials.get()`.',
    refusals: ['sign_in_expired', 'not_found', 'store_unavailable'],
  })
  @ApiAnswer(200, { type: WebAuthnOptionsDto, description: 'The options, valid for five minutes and once.' })
  async options(@CurrentExchange() exchange: Exchange) {
    const pending = await this.pending.find(exchange);
    const prover = { identity: identityIn(pending.known), place: placeOf(pending), tokenOwner: null };
    return { options: await this.steps.passkeyRequest(prover) };
  }

  @Post('totp')
  @HttpCode(200)
  @ApiAction({
    id: 'beginRequiredTotp',
    summary: 'Set up an authenticator app while signing in',
    description: 'For users without a factor, where the server asks for one (`factor_setup_required`).',
    refusals: ['sign_in_expired', 'session_not_fresh', 'not_found', 'store_unavailable'],
  })
  @ApiAnswer(200, { type: TotpSetupDto, description: 'The secret, for the app only.' })
  async beginTotp(@CurrentExchange() exchange: Exchange) {
    return setupJson(await this.factors.beginTotp(ownerIn(await this.pending.find(exchange))));
  }

  @Post('totp/confirm')
  @HttpCode(200)
  @ApiAction({
    id: 'confirmRequiredTotp',
    summary: 'Confirm the authenticator app and sign in',
    description: 'With a code of the app. Opens a session, as `signIn` does.',
    refusals: [
      'sign_in_expired',
      'factor_invalid',
      'session_not_fresh',
      'session_limit_reached',
      'not_found',
      'store_unavailable',
    ],
  })
  @ApiAnswer(200, { type: EnrolledUserDto, headers: ['Set-Cookie'], description: 'Signed in.' })
  async confirmTotp(
    @ValidBody(TotpCodeDto) { code }: Readonly<TotpCodeDto>,
    @CurrentInitiator() by: Initiator,
    @CurrentExchange() exchange: Exchange,
  ) {
    const pending = await this.pending.find(exchange);
    const enrolment = await this.factors.confirmTotp(ownerIn(pending), code, by);
    return this.#enrolled(pending, enrolment, 'totp', exchange);
  }

  @Post('passkey_options')
  @HttpCode(200)
  @ApiAction({
    id: 'beginRequiredPasskey',
    summary: 'Get the options for a passkey while signing in',
    description: 'For users without a factor, where the server asks for one (`factor_setup_required`).',
    refusals: ['sign_in_expired', 'session_not_fresh', 'not_found', 'store_unavailable'],
  })
  @ApiAnswer(200, { type: WebAuthnOptionsDto, description: 'The options, valid for five minutes and once.' })
  async beginPasskey(@CurrentExchange() exchange: Exchange) {
    return { options: await this.factors.beginPasskey(ownerIn(await this.pending.find(exchange))) };
  }

  @Post('passkeys')
  @HttpCode(200)
  @ApiAction({
    id: 'addRequiredPasskey',
    summary: 'Add the passkey and sign in',
    description: 'With the answer of the browser to the options. Opens a session, as `signIn` does.',
    refusals: [
      'sign_in_expired',
      'factor_invalid',
      'session_not_fresh',
      'session_limit_reached',
      'not_found',
      'store_unavailable',
    ],
  })
  @ApiAnswer(200, { type: EnrolledUserDto, headers: ['Set-Cookie'], description: 'Signed in.' })
  async addPasskey(
    @ValidBody(AddPasskeyDto) { name, credential }: Readonly<AddPasskeyDto>,
    @CurrentInitiator() by: Initiator,
    @CurrentExchange() exchange: Exchange,
  ) {
    const pending = await this.pending.find(exchange);
    const enrolment = await this.factors.addPasskey(ownerIn(pending), name, credential, by);
    return this.#enrolled(pending, enrolment, 'passkey', exchange);
  }

  async #enrolled(
    pending: PendingSignIn,
    { recoveryCodes, restarted }: Enrolment,
    factor: FactorKind,
    exchange: Exchange,
  ) {
    const { credentialVersion } = restarted ?? identityIn(pending.known);
    const credential = { ...pending.known.credential, version: credentialVersion };
    const known = { ...pending.known, credential };
    const isFirst = restarted !== null;
    const signedIn = await this.signIns.finishSignIn({ ...pending, known }, factor, exchange, isFirst);
    return { ...this.view.signedIn(signedIn, signedIn), recovery_codes: recoveryCodes };
  }
}

function ownerIn(pending: PendingSignIn): FactorOwner {
  return { identity: identityIn(pending.known), place: placeOf(pending), proofs: pending.proofs };
}

function placeOf({ id }: PendingSignIn): string {
  return `pending ${id}`;
}
