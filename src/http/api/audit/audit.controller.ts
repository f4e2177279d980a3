import { Get } from '@nestjs/common';
import { CurrentExchange } from '../../../auth/exchange/contexts.js';
import type { Exchange } from '../../../auth/exchange/exchange.js';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidQuery } from '../../input.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { ForAdmins } from '../../../auth/decorators/access.js';
import { linkToNext } from '../../page.dto.js';
import { AuditStore } from '../../../audit/audit-store.js';
import { AuditTrail } from '../../../audit/audit-trail.js';
import { AuditEventDto, auditJson } from './audit-event.dto.js';
import { ListAuditEventsDto } from './list-audit-events.dto.js';

/** The audit trail, for administrators. */
@ApiTag('audit')
@CoatcheckController('audit')
@ForAdmins()
export class AuditController {
  constructor(
    private readonly store: AuditStore,
    private readonly trail: AuditTrail,
  ) {}

  @Get()
  @ApiAction({
    id: 'listAuditEvents',
    summary: 'List security events',
    description:
      'For administrators. Lists security events, newest first. A page can be empty although there is a next page: follow `Link` until it is absent.',
  })
  @ApiAnswer(200, {
    type: [AuditEventDto],
    description: 'A page of events, newest first.',
    headers: ['Link', 'Next-Cursor'],
  })
  async list(
    @ValidQuery(ListAuditEventsDto) { limit = 100, cursor, user, type }: Readonly<ListAuditEventsDto>,
    @CurrentExchange() { headers }: Exchange,
  ) {
    await this.trail.flush();
    const filter = { userId: user ?? null, type: type ?? null };
    const { events, next } = await this.store.list(filter, limit, cursor ?? null);
    if (next !== null) linkToNext(headers, { limit, user, type, cursor: next });
    return events.map(auditJson);
  }
}
