import { type ExecutionContext, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Exchange } from '../../auth/exchange/exchange.js';
import { BodyGuard, bytesOf, isParsed } from '../../http/body.guard.js';
import { takesForm } from './form-body.js';
import { loadBusboy, parseForm } from './form.js';

/** Reads forms where a handler has `@FormBody()`. In JSON, the last one of duplicate members counts. */
@Injectable()
export class AlxBodyGuard extends BodyGuard implements OnModuleInit {
  protected override readonly refusesDuplicates = false;

  /** So that a missing package is known at the start. */
  async onModuleInit(): Promise<void> {
    await loadBusboy();
  }

  protected override async readBody(exchange: Exchange, context: ExecutionContext): Promise<true> {
    if (!takesForm(context.getHandler())) return super.readBody(exchange, context);
    const { message, framework } = exchange;
    const type = message.headers['content-type'] ?? '';
    if (!isParsed(exchange)) framework.body = await parseForm(await bytesOf(exchange), type);
    else if (/json/i.test(type)) framework.body = {};
    return true;
  }
}
