import { All, Controller, Get, Param, Post, Req, Search } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request } from 'express';
import { Public } from '#auth';

/** Paths of every shape that Nest takes. */
@ApiExcludeController()
@Controller()
@Public()
export class PathsController {
  @Get()
  root() {
    return { path: 'root' };
  }

  @Get('files/*path')
  file(@Param('path') path: string[]) {
    return { path };
  }

  @Post('files/*path')
  write(@Param('path') path: string[]) {
    return { written: path };
  }

  /** Of path-to-regexp 6: Nest rewrites it, and warns. */
  @Get('legacy/*')
  legacy(@Req() { params }: Request) {
    return { params: { ...params } };
  }

  /** Of path-to-regexp 6 as well. */
  @Get('older/(.*)')
  older(@Req() { params }: Request) {
    return { params: { ...params } };
  }

  @Get('optional{/:part}')
  optional(@Req() { params }: Request) {
    return { params: { ...params } };
  }

  @Get('v:major.:minor/flights/:from-:to')
  flights(@Req() { params }: Request) {
    return { params: { ...params } };
  }

  @Get(['first-name', 'second-name'])
  names() {
    return { names: 2 };
  }

  @All('all')
  all(@Req() { method }: Request) {
    return { method };
  }

  @Search('found')
  search() {
    return { found: true };
  }
}
