import type { Exchange } from '../../auth/exchange/exchange.js';
import { CrossSiteCheck } from '../../auth/guards/cross-site-check.js';

const SIMPLE = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)/i;

/** Also admits requests without cookies that a page can send only after a preflight, from any origin. */
export class AlxCrossSiteCheck extends CrossSiteCheck {
  protected override isForeign(exchange: Exchange): boolean {
    const { cookie, 'content-type': type = '' } = exchange.message.headers;
    const isWithoutCookies = cookie === undefined && !SIMPLE.test(type);
    return !isWithoutCookies && super.isForeign(exchange);
  }
}
