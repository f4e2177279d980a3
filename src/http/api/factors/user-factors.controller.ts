import { Delete, Get, Param } from '@nestjs/common';
import type { Initiator } from '../../../audit/initiator.js';
import type { Principal } from '../../../auth/auth.js';
import { CurrentPrincipal, ForAdmins, Fresh } from '../../../auth/decorators/access.js';
import { CurrentInitiator } from '../../../auth/request-initiator.js';
import { Clock } from '../../../common/clock.js';
import { DomainError } from '../../../common/domain-error.js';
import { FactorResetService } from '../../../factors/factor-reset.service.js';
import { FactorsService } from '../../../factors/factors.service.js';
import { SecondSteps } from '../../../factors/second-steps.js';
import { Accounts } from '../../../users/accounts.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ownerOf } from './factor-owner.js';
import { factorsJson } from './factors-view.js';
import { FactorsDto } from './factors.dto.js';

/** The second factors of any user, for administrators. */
@ApiTag('factors')
@CoatcheckController('users/:id/factors')
@ForAdmins()
export class UserFactorsController {
  constructor(
    private readonly factors: FactorsService,
    private readonly steps: SecondSteps,
    private readonly resets: FactorResetService,
    private readonly accounts: Accounts,
    private readonly clock: Clock,
  ) {}

  @Get()
  @ApiAction({
    id: 'listUserFactors',
    summary: "List a user's second factors",
    description: 'For administrators.',
    refusals: ['not_found'],
  })
  @ApiAnswer(200, { type: FactorsDto, description: 'The factors.' })
  async list(@Param('id') id: string) {
    const known = await this.accounts.findById(id);
    if (!known) throw new DomainError('not_found');
    return factorsJson(await this.factors.of(id), this.steps.demands(known.account));
  }

  @Delete()
  @Fresh('5m')
  @ApiAction({
    id: 'resetUserFactors',
    summary: "Remove a user's second factors",
    description:
      'For administrators, if a user has lost them. The user is told by mail. Needs a recent confirmation: by a factor, if the administrator has one.',
    refusals: ['not_found'],
  })
  @ApiAnswer(200, { description: 'There are none any more.' })
  async reset(
    @Param('id') id: string,
    @CurrentPrincipal() principal: Principal,
    @CurrentInitiator() by: Initiator,
  ) {
    await this.factors.checkFresh(ownerOf(principal, this.clock));
    await this.resets.reset(id, by);
    return {};
  }
}
