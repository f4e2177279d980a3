import { type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { BodyGuard, bytesOf, isParsed } from '../../http/body.guard.js';
import { takesForm } from './form-body.js';
import { parseForm } from './form.js';

/** Reads forms where a handler takes one, and of a member that JSON names twice the last one. */
@Injectable()
export class AlxBodyGuard extends BodyGuard {
  protected override readonly refusesDuplicates = false;

  protected override async readBody(request: Request, context: ExecutionContext): Promise<true> {
    if (!takesForm(context.getHandler())) return super.readBody(request, context);
    const type = request.headers['content-type'] ?? '';
    if (!isParsed(request)) request.body = await parseForm(await bytesOf(request), type);
    else if (/json/i.test(type)) request.body = {};
    return true;
  }
}
