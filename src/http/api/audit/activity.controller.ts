import { Get } from '@nestjs/common';
import { AuditStore } from '../../../audit/audit-store.js';
import { AuditTrail } from '../../../audit/audit-trail.js';
import { ForAdmins } from '../../../auth/decorators/access.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidQuery } from '../../input.js';
import { ActivityDto, ActivityIntervalDto, activityJson, spanOf } from './activity.dto.js';

/** How often security events happened over time, for administrators. */
@ApiTag('audit')
@CoatcheckController('stats/activity')
@ForAdmins()
export class ActivityController {
  constructor(
    private readonly store: AuditStore,
    private readonly trail: AuditTrail,
  ) {}

  @Get()
  @ApiAction({
    id: 'getActivity',
    summary: 'Count security events over time',
    description:
      'For administrators. How often security events happened in each interval of a time, by type and reason, as far as the audit trail goes back. A repeated event counts at its first time as often as it happened.',
  })
  @ApiAnswer(200, { type: [ActivityIntervalDto], description: 'All intervals, oldest first.' })
  async activity(@ValidQuery(ActivityDto) { type = [], ...query }: Readonly<ActivityDto>) {
    const span = spanOf(query);
    await this.trail.flush();
    return activityJson(span, await this.store.countBy(span, type));
  }
}
