import { Readable } from 'node:stream';
import { Get, Logger, StreamableFile } from '@nestjs/common';
import { CurrentExchange } from '../../../auth/exchange/contexts.js';
import type { Exchange } from '../../../auth/exchange/exchange.js';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidQuery } from '../../input.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { ForAdmins } from '../../../auth/decorators/access.js';
import { linkToNext } from '../../page.dto.js';
import { AuditStore } from '../../../audit/audit-store.js';
import { AuditTrail } from '../../../audit/audit-trail.js';
import type { Initiator } from '../../../audit/initiator.js';
import { SecurityEvents } from '../../../audit/security-events.js';
import { CurrentInitiator } from '../../../auth/request-initiator.js';
import { Clock } from '../../../common/clock.js';
import { DomainError } from '../../../common/domain-error.js';
import { AUDIT_CSV_HEADER, auditCsv } from './audit-csv.js';
import { AuditEventDto, auditJson } from './audit-event.dto.js';
import { AuditFilterDto, ListAuditEventsDto, auditFilterOf } from './list-audit-events.dto.js';

/** How many exports one process serves at a time. */
const EXPORTS_AT_A_TIME = 4;

/** `Retry-After` for a further one, in seconds. */
const RETRY_AFTER = 30;

/** The audit trail, for administrators. */
@ApiTag('audit')
@CoatcheckController('audit')
@ForAdmins()
export class AuditController {
  readonly #logger = new Logger('AuditExport');
  #exports = 0;

  constructor(
    private readonly store: AuditStore,
    private readonly trail: AuditTrail,
    private readonly securityEvents: SecurityEvents,
    private readonly clock: Clock,
  ) {}

  @Get()
  @ApiAction({
    id: 'listAuditEvents',
    summary: 'List security events',
    description:
      'For administrators. Lists the security events that match all given conditions, newest first. A page can be empty although there is a next page: follow `Link` until it is absent.',
  })
  @ApiAnswer(200, {
    type: [AuditEventDto],
    description: 'A page of events, newest first.',
    headers: ['Link', 'Next-Cursor'],
  })
  async list(
    @ValidQuery(ListAuditEventsDto) { limit = 100, cursor, ...conditions }: Readonly<ListAuditEventsDto>,
    @CurrentExchange() { headers }: Exchange,
  ) {
    await this.trail.flush();
    const { events, next } = await this.store.list(auditFilterOf(conditions), limit, cursor ?? null);
    if (next !== null)
      linkToNext(headers, { limit, ...conditions, type: conditions.type?.join(','), cursor: next });
    return events.map(auditJson);
  }

  /** Needs no fresh proof, because it tells nothing that `list` does not tell page by page. */
  @Get('export')
  @ApiAction({
    id: 'exportAuditEvents',
    summary: 'Export security events',
    description:
      'For administrators. The security events that match all given conditions, newest first, as CSV (RFC 4180) with the names of the columns in the first line. A text that a program for spreadsheets could execute begins with an apostrophe. If the connection breaks, the file is not complete.',
    refusals: ['too_many_exports'],
  })
  @ApiAnswer(200, { text: 'text/csv', description: 'The events.', headers: ['Content-Disposition'] })
  async export(
    @ValidQuery(AuditFilterDto) conditions: Readonly<AuditFilterDto>,
    @CurrentExchange() { method, id }: Exchange,
    @CurrentInitiator() by: Initiator,
  ) {
    if (method === 'HEAD') return this.#file(Readable.from([AUDIT_CSV_HEADER]));
    if (this.#exports >= EXPORTS_AT_A_TIME)
      throw new DomainError('too_many_exports', { retryAfter: RETRY_AFTER });
    this.#exports += 1;
    const finish = () => void (this.#exports -= 1);
    let csv: Readable;
    try {
      await this.trail.flush();
      csv = (await auditCsv(this.store, auditFilterOf(conditions))).once('close', finish);
    } catch (error) {
      finish();
      throw error;
    }
    csv.once('error', (error) =>
      this.#logger.error({ requestId: id, failed: 'an export of the audit trail', err: error }),
    );
    await this.securityEvents.emit({ type: 'audit_exported', subjectId: null }, by);
    return this.#file(csv);
  }

  #file(csv: Readable): StreamableFile {
    const day = this.clock.now().toISOString().slice(0, 10);
    const file = new StreamableFile(csv, {
      type: 'text/csv; charset=utf-8; header=present',
      disposition: `attachment; filename="audit-${day}.csv"`,
    });
    return file.setErrorLogger(() => {});
  }
}
