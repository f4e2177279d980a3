import type { Request } from 'express';
import { plainAddress } from '../common/network.js';
import type { AuthRequest } from './auth-request.js';
import { requestIdOf } from './request-id.js';

/** An Express request as strategies read it. Address and origin are as `trust proxy` of the application says. */
class ExpressRequest implements AuthRequest {
  constructor(private readonly request: Request) {}

  get method(): string {
    return this.request.method;
  }

  get headers(): Request['headers'] {
    return this.request.headers;
  }

  get ip(): string | null {
    const { ip } = this.request;
    return ip === undefined ? null : plainAddress(ip);
  }

  get connection(): Request['socket'] {
    return this.request.socket;
  }

  get origin(): string | null {
    const { protocol, host } = this.request;
    const url = `${protocol}://${host}`;
    return URL.canParse(url) ? new URL(url).origin : null;
  }

  get id(): string | null {
    return requestIdOf(this.request) || null;
  }
}

/** An Express request as strategies read it. */
export function authRequestOf(request: Request): AuthRequest {
  return new ExpressRequest(request);
}
