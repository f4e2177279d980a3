import {
  BadRequestException,
  Controller,
  ForbiddenException,
  Get,
  HttpException,
  ImATeapotException,
  InternalServerErrorException,
  Post,
  Res,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import type { Response } from 'express';
import { Public } from '#auth';

/** Answered by a filter of this application. */
export class OutOfStockError extends Error {}

class NoMoneyException extends HttpException {
  constructor() {
    super({ code: 'no_money', balance: 0 }, 402, { cause: new Error('the bank') });
  }
}

/** What the handlers throw, by the path. */
const ERRORS: Record<string, () => unknown> = {
  bad: () => new BadRequestException(['first', 'second'], 'Two things'),
  body: () => new ForbiddenException({ my: 'body', nested: { a: 1 } }),
  custom: () => new NoMoneyException(),
  string: () => new HttpException('only a text', 418),
  teapot: () => new ImATeapotException(),
  unauthorized: () => new UnauthorizedException('Not you.'),
  unavailable: () => new ServiceUnavailableException(),
  internal: () => new InternalServerErrorException('a detail that the author wants to show'),
  plain: () => new Error('hidden'),
  type: () => new TypeError('hidden'),
  text: () => 'a thrown text',
  nothing: () => undefined,
  marked: () => Object.assign(new Error('for clients'), { status: 409, statusCode: 409, expose: true }),
  stock: () => new OutOfStockError('none left'),
};

@Controller('errors')
@Public()
export class ErrorsController {
  @Get('late')
  late(@Res() response: Response) {
    response.write('a part, and then ');
    response.end('the end');
    throw new Error('after the answer');
  }

  @Get('headed')
  headed(@Res({ passthrough: true }) response: Response) {
    response.setHeader('X-Before', 'the error');
    response.setHeader('WWW-Authenticate', 'Bearer realm="own"');
    throw new UnauthorizedException();
  }

  @Get(':which')
  read(@Res({ passthrough: true }) { req }: Response) {
    throw ERRORS[String(req.params['which'])]?.() ?? new BadRequestException();
  }

  @Post(':which')
  async send(@Res({ passthrough: true }) { req }: Response) {
    await Promise.resolve();
    throw ERRORS[String(req.params['which'])]?.() ?? new BadRequestException();
  }
}
