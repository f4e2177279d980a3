import { Readable } from 'node:stream';
import {
  Controller,
  Get,
  Header,
  HttpCode,
  Ip,
  type MessageEvent,
  Post,
  Redirect,
  Req,
  Res,
  Session,
  Sse,
  StreamableFile,
} from '@nestjs/common';
import { Exclude } from 'class-transformer';
import type { Request, Response } from 'express';
import { type Observable, from, map, of } from 'rxjs';
import { Public } from '#auth';

class Account {
  readonly name = 'ann';

  @Exclude()
  readonly password = 'hidden by ClassSerializerInterceptor';
}

@Controller('answers')
@Public()
export class AnswersController {
  @Get('text')
  text() {
    return 'plain text';
  }

  @Get('html')
  @Header('Content-Type', 'text/html')
  @Header('Cache-Control', 'max-age=60')
  html() {
    return '<!doctype html><p>Hello.</p>';
  }

  @Get('nothing')
  nothing() {}

  @Get('null')
  null() {
    return null;
  }

  @Get('number')
  number() {
    return 42;
  }

  @Get('list')
  list() {
    return [1, 'two', null];
  }

  @Get('serialized')
  serialized() {
    return new Account();
  }

  @Get('large')
  large() {
    return { text: 'x'.repeat(200_000) };
  }

  @Get('observable')
  observable(): Observable<object> {
    return of({ from: 'rxjs' });
  }

  @Sse('events')
  events(): Observable<MessageEvent> {
    return from([1, 2, 3]).pipe(map((id) => ({ id: String(id), type: 'count', data: { id } })));
  }

  @Get('file')
  file() {
    const options = { type: 'text/csv', disposition: 'attachment; filename="a.csv"' };
    return new StreamableFile(Buffer.from('a,b\n1,2\n'), { ...options, length: 8 });
  }

  @Get('stream')
  stream() {
    return new StreamableFile(Readable.from(['one ', 'two ', 'three']));
  }

  @Get('redirect')
  @Redirect('https://example.com/elsewhere', 301)
  redirect() {}

  @Get('redirect/own')
  ownRedirect(@Res() response: Response) {
    response.redirect('../text');
  }

  @Get('redirect/computed')
  @Redirect()
  computedRedirect() {
    return { url: '/computed', statusCode: 307 };
  }

  @Get('cookies')
  cookies(@Req() { cookies, signedCookies }: Request, @Res({ passthrough: true }) response: Response) {
    response.cookie('theme', 'dark', { path: '/', httpOnly: true, sameSite: 'strict' });
    response.cookie('basket', '17', { signed: true, secure: true });
    response.clearCookie('old');
    return { cookies: { ...cookies }, signedCookies: { ...signedCookies } };
  }

  @Get('own')
  own(@Res() response: Response) {
    response.status(202).set('X-Own', 'yes').type('application/xml').send('<own/>');
  }

  @Get('json')
  json(@Res() response: Response) {
    response.json({ by: 'express' });
  }

  @Get('bytes')
  bytes(@Res() response: Response) {
    response.send(Buffer.from([0, 1, 2, 255]));
  }

  @Get('request')
  request(@Req() request: Request, @Ip() ip: string, @Session() session: unknown) {
    const { protocol, hostname, originalUrl, path, secure, xhr, subdomains } = request;
    const { principal, user } = request as { principal?: unknown; user?: unknown };
    return { protocol, hostname, originalUrl, path, secure, xhr, subdomains, ip, session, principal, user };
  }

  @Get('accepts')
  accepts(@Req() request: Request) {
    return { accepts: request.accepts(['json', 'html']), languages: request.acceptsLanguages('de', 'en') };
  }

  @Post('accepted')
  @HttpCode(202)
  accepted() {
    return { accepted: true };
  }
}
