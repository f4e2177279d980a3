import { Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import type { Initiator } from '../../../audit/initiator.js';
import type { Principal } from '../../../auth/auth.js';
import { CurrentPrincipal } from '../../../auth/decorators/access.js';
import { CurrentExchange } from '../../../auth/exchange/contexts.js';
import type { Exchange } from '../../../auth/exchange/exchange.js';
import { CurrentInitiator } from '../../../auth/request-initiator.js';
import { withToken } from '../../../auth/carriers/with-token.js';
import { SignInService } from '../../../auth/sign-in.service.js';
import { Clock } from '../../../common/clock.js';
import { type Enrolment, FactorsService } from '../../../factors/factors.service.js';
import { type FactorKind, SecondSteps } from '../../../factors/second-steps.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidBody } from '../../input.js';
import { GrantedSessionDto } from '../sessions/session.dto.js';
import { SessionView } from '../sessions/session-view.js';
import { ownerOf } from './factor-owner.js';
import { answerIn, factorsJson, passkeyJson, setupJson } from './factors-view.js';
import {
  AddPasskeyDto,
  EnrolledDto,
  FactorsDto,
  PasskeyDto,
  ProofDto,
  RecoveryCodeListDto,
  RenamePasskeyDto,
  TotpCodeDto,
  TotpSetupDto,
  WebAuthnOptionsDto,
} from './factors.dto.js';

/** The second factors of the authenticated user. */
@ApiTag('factors')
@CoatcheckController('factors')
export class FactorsController {
  constructor(
    private readonly factors: FactorsService,
    private readonly steps: SecondSteps,
    private readonly signIns: SignInService,
    private readonly view: SessionView,
    private readonly clock: Clock,
  ) {}

  @Get()
  @ApiAction({
    id: 'listFactors',
    summary: 'List my second factors',
    description: 'Returns the authenticator app, the passkeys and the number of recovery codes of the user.',
  })
  @ApiAnswer(200, { type: FactorsDto, description: 'The factors.' })
  async list(@CurrentPrincipal() { account }: Principal) {
    return factorsJson(await this.factors.of(account.id), this.steps.demands(account));
  }

  @Post('totp')
  @HttpCode(200)
  @ApiAction({
    id: 'beginTotp',
    summary: 'Set up an authenticator app',
    description:
      'Makes a secret. It is valid after `POST /factors/totp/confirm` within ten minutes. Needs a recent confirmation: by a factor, if the user has one.',
    refusals: ['session_not_fresh', 'forbidden', 'not_found'],
  })
  @ApiAnswer(200, { type: TotpSetupDto, description: 'The secret, for the app only.' })
  async beginTotp(@CurrentPrincipal() principal: Principal) {
    return setupJson(await this.factors.beginTotp(ownerOf(principal, this.clock)));
  }

  @Post('totp/confirm')
  @HttpCode(200)
  @ApiAction({
    id: 'confirmTotp',
    summary: 'Confirm the authenticator app',
    description:
      'With a code of the app. The first factor of a user comes with recovery codes, and ends all other sessions and access tokens; this client gets a new session.',
    refusals: ['factor_invalid', 'session_not_fresh', 'forbidden', 'not_found'],
  })
  @ApiAnswer(200, { type: EnrolledDto, headers: ['Set-Cookie'], description: 'The app is a factor now.' })
  async confirmTotp(
    @CurrentPrincipal() principal: Principal,
    @CurrentInitiator() by: Initiator,
    @ValidBody(TotpCodeDto) { code }: Readonly<TotpCodeDto>,
    @CurrentExchange() exchange: Exchange,
  ) {
    const enrolment = await this.factors.confirmTotp(ownerOf(principal, this.clock), code, by);
    return this.#enrolled(enrolment, 'totp', exchange);
  }

  @Delete('totp')
  @ApiAction({
    id: 'removeTotp',
    summary: 'Remove the authenticator app',
    description: 'Needs a recent confirmation by a factor.',
    refusals: ['session_not_fresh', 'forbidden', 'not_found', 'last_factor'],
  })
  @ApiAnswer(200, { description: 'It is removed.' })
  async removeTotp(@CurrentPrincipal() principal: Principal, @CurrentInitiator() by: Initiator) {
    await this.factors.removeTotp(ownerOf(principal, this.clock), by);
    return {};
  }

  @Post('passkey_options')
  @HttpCode(200)
  @ApiAction({
    id: 'beginPasskey',
    summary: 'Get the options for a new passkey',
    description:
      'For `navigator.credentials.create()`. Needs a recent confirmation: by a factor, if the user has one.',
    refusals: ['session_not_fresh', 'forbidden', 'not_found'],
  })
  @ApiAnswer(200, { type: WebAuthnOptionsDto, description: 'The options, valid for five minutes and once.' })
  async beginPasskey(@CurrentPrincipal() principal: Principal) {
    return { options: await this.factors.beginPasskey(ownerOf(principal, this.clock)) };
  }

  @Post('passkeys')
  @ApiAction({
    id: 'addPasskey',
    summary: 'Add a passkey',
    description:
      'With the answer of the browser to the options. The first factor of a user comes with recovery codes, and ends all other sessions and access tokens; this client gets a new session.',
    refusals: ['factor_invalid', 'factor_limit_reached', 'session_not_fresh', 'forbidden', 'not_found'],
  })
  @ApiAnswer(201, { type: EnrolledDto, headers: ['Set-Cookie'], description: 'The passkey is a factor now.' })
  async addPasskey(
    @CurrentPrincipal() principal: Principal,
    @CurrentInitiator() by: Initiator,
    @ValidBody(AddPasskeyDto) { name, credential }: Readonly<AddPasskeyDto>,
    @CurrentExchange() exchange: Exchange,
  ) {
    const { passkey, ...enrolment } = await this.factors.addPasskey(
      ownerOf(principal, this.clock),
      name,
      credential,
      by,
    );
    return { ...(await this.#enrolled(enrolment, 'passkey', exchange)), passkey: passkeyJson(passkey) };
  }

  @Patch('passkeys/:id')
  @ApiAction({
    id: 'renamePasskey',
    summary: 'Name a passkey',
    description: 'Sets its name.',
    refusals: ['not_found', 'forbidden'],
  })
  @ApiAnswer(200, { type: PasskeyDto, description: 'The passkey.' })
  async renamePasskey(
    @CurrentPrincipal() principal: Principal,
    @CurrentInitiator() by: Initiator,
    @Param('id') id: string,
    @ValidBody(RenamePasskeyDto) { name }: Readonly<RenamePasskeyDto>,
  ) {
    return passkeyJson(await this.factors.renamePasskey(ownerOf(principal, this.clock), id, name, by));
  }

  @Delete('passkeys/:id')
  @ApiAction({
    id: 'removePasskey',
    summary: 'Remove a passkey',
    description: 'Needs a recent confirmation by a factor.',
    refusals: ['session_not_fresh', 'forbidden', 'not_found', 'last_factor'],
  })
  @ApiAnswer(200, { description: 'It is removed.' })
  async removePasskey(
    @CurrentPrincipal() principal: Principal,
    @CurrentInitiator() by: Initiator,
    @Param('id') id: string,
  ) {
    await this.factors.removePasskey(ownerOf(principal, this.clock), id, by);
    return {};
  }

  @Post('recovery_codes')
  @ApiAction({
    id: 'renewRecoveryCodes',
    summary: 'Make new recovery codes',
    description: 'The earlier ones are invalid then. Needs a recent confirmation by a factor.',
    refusals: ['session_not_fresh', 'forbidden', 'not_found'],
  })
  @ApiAnswer(201, { type: RecoveryCodeListDto, description: 'The codes, which only this answer contains.' })
  async renewRecoveryCodes(@CurrentPrincipal() principal: Principal, @CurrentInitiator() by: Initiator) {
    return { recovery_codes: await this.factors.renewRecoveryCodes(ownerOf(principal, this.clock), by) };
  }

  @Post('confirm/options')
  @HttpCode(200)
  @ApiAction({
    id: 'beginConfirmation',
    summary: 'Get the options to confirm with a passkey',
    description: 'For `navigator.credentials.get()`.',
    refusals: ['not_found', 'forbidden'],
  })
  @ApiAnswer(200, { type: WebAuthnOptionsDto, description: 'The options, valid for five minutes and once.' })
  async beginConfirmation(@CurrentPrincipal() principal: Principal) {
    const { identity, place } = ownerOf(principal, this.clock);
    return { options: await this.steps.passkeyRequest({ identity, place, tokenOwner: null }) };
  }

  @Post('confirm')
  @HttpCode(200)
  @ApiAction({
    id: 'confirmFactor',
    summary: 'Confirm that it is me, by a factor',
    description:
      'Confirms with a code, a recovery code or a passkey. The session gets a new token, and its time limits start again.',
    refusals: ['factor_invalid', 'not_found', 'forbidden', 'too_many_attempts', 'codes_unavailable'],
  })
  @ApiAnswer(200, {
    type: GrantedSessionDto,
    headers: ['Set-Cookie'],
    description: 'The session. Its new token is in `Set-Cookie` or in `token`.',
  })
  async confirm(@ValidBody(ProofDto) proof: Readonly<ProofDto>, @CurrentExchange() exchange: Exchange) {
    const answer = answerIn(proof);
    const { session, token } = await this.signIns.renew(exchange, 'factor_invalid', (principal, by) => {
      const { identity, place } = ownerOf(principal, this.clock);
      return this.steps.verify({ identity, place, tokenOwner: identity.account.id }, answer, by);
    });
    return withToken(this.view.show(session, session), token);
  }

  /** The answer to an enrolment, with the new session of the client if all sessions have ended. */
  async #enrolled(
    { recoveryCodes, restarted }: Enrolment,
    factor: FactorKind,
    exchange: Exchange,
  ): Promise<EnrolledDto> {
    const issued = restarted && (await this.signIns.restart(restarted, factor, exchange));
    return withToken({ recovery_codes: recoveryCodes && [...recoveryCodes] }, issued && issued.token);
  }
}
