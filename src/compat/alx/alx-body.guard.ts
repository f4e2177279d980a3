import { type ExecutionContext, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Request } from 'express';
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

  protected override async readBody(request: Request, context: ExecutionContext): Promise<true> {
    if (!takesForm(context.getHandler())) return super.readBody(request, context);
    const type = request.headers['content-type'] ?? '';
    if (!isParsed(request)) request.body = await parseForm(await bytesOf(request), type);
    else if (/json/i.test(type)) request.body = {};
    return true;
  }
}
