import { type Exchange, exchangeOf } from '../../auth/exchange/exchange.js';
import { DomainError } from '../../common/domain-error.js';
import type { AnswerHeaders } from './answer-headers.js';
import type { ForwardingWatch } from './forwarding-watch.js';
import type { HostCheck } from './host-check.js';
import { isWellFormed } from './request-checks.js';
import type { Gate } from './server-adapter.js';
import { requestIdOf } from '../../auth/request-id.js';

/** The first checks of each request, in one gate, because each one costs time. */
export function entrance(
  headers: AnswerHeaders,
  hosts: HostCheck,
  crossSite: (exchange: Exchange) => void,
  forwarding: ForwardingWatch,
): Gate {
  return (request, response, next) => {
    const exchange = exchangeOf(request, response);
    response.setCommon(headers.of(request.method!), requestIdOf(request));
    forwarding.look(request);
    if (!isWellFormed(request)) throw new DomainError('malformed_request');
    if (hosts.refuses(request)) throw new DomainError('host_not_allowed');
    crossSite(exchange);
    next();
  };
}
