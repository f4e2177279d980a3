import type { IncomingMessage } from 'node:http';
import { Logger } from '@nestjs/common';
import type { HttpOptions } from './http-options.js';
import { plainAddress } from '../../common/network.js';
import type { ProxyTrust } from './proxy-trust.js';

const READ = ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto'];

/** Headers that other proxies use for the same purpose. They are not read. */
const NOT_READ = [
  'CF-Connecting-IP',
  'Fastly-Client-IP',
  'Fly-Client-IP',
  'Forwarded',
  'True-Client-IP',
  'X-Azure-ClientIP',
  'X-Client-IP',
  'X-Cluster-Client-IP',
  'X-Forwarded-Port',
  'X-Original-Host',
  'X-Real-IP',
];

const NAMES: ReadonlyMap<string, string> = new Map(
  [...READ, ...NOT_READ].map((name) => [name.toLowerCase(), name]),
);

const ONLY_READ = `Only ${READ.join(', ')} are read. Configure the proxy to send these.`;

/** Warns about proxy headers that have no effect. Warns once of each kind, because any client can send them. */
export class ForwardingWatch {
  readonly #logger = new Logger('Proxy');
  readonly #trustsNobody: boolean;
  #warnedOfSender = false;
  #warnedOfHeaders = false;

  constructor(
    { trustProxy }: Pick<HttpOptions, 'trustProxy'>,
    private readonly isTrusted: ProxyTrust,
  ) {
    this.#trustsNobody = trustProxy === 0 || [trustProxy].flat().length === 0;
  }

  look({ headers, socket }: IncomingMessage): void {
    if (this.#warnedOfSender && this.#warnedOfHeaders) return;
    const isTrusted = this.isTrusted(socket.remoteAddress ?? '', 0);
    const namesClient = headers['x-forwarded-for'] !== undefined;
    if (isTrusted ? namesClient || this.#warnedOfHeaders : this.#warnedOfSender) return;
    const sent = Object.keys(headers).filter((name) => NAMES.has(name));
    if (sent.length === 0) return;
    const names = sent.map((name) => NAMES.get(name)!);
    if (isTrusted) this.#warnOfHeaders(names);
    else this.#warnOfSender(names, plainAddress(socket.remoteAddress ?? ''), namesClient);
  }

  #warnOfHeaders(names: readonly string[]): void {
    this.#warnedOfHeaders = true;
    this.#logger.warn(
      `${names.join(', ')} came from a trusted proxy without X-Forwarded-For, so all clients of the proxy count as one address. ${ONLY_READ}`,
    );
  }

  #warnOfSender(names: readonly string[], sender: string | null, namesClient: boolean): void {
    this.#warnedOfSender = true;
    const cause = this.#trustsNobody ? 'TRUST_PROXY names no proxy' : 'TRUST_PROXY does not name this sender';
    this.#logger.warn(
      `${names.join(', ')} came from ${sender ?? 'an unknown address'} and had no effect, because ${cause}. ` +
        'If one of your proxies sent this, all its clients count as one address, and failed sign-ins of one block the others. Set ' +
        `TRUST_PROXY to the number of your proxies, or to their addresses.${namesClient ? '' : ` ${ONLY_READ}`}`,
    );
  }
}
