import { Body, Controller, Get, Header, Param, Post, Query, Res, StreamableFile } from '@nestjs/common';
import type { Response } from 'express';
import { Roles } from '#auth';
import { CreateItemDto } from './items.controller.js';

/** The only routes that are not public. */
@Controller('private')
export class PrivateController {
  @Get()
  read(@Query() query: Record<string, unknown>) {
    return { private: true, query };
  }

  @Get('page')
  @Header('Content-Type', 'text/html')
  page() {
    return '<p>private</p>';
  }

  @Get('files/*path')
  file(@Param('path') path: string[]) {
    return new StreamableFile(Buffer.from(path.join('/')));
  }

  @Get('cookies')
  cookies(@Res({ passthrough: true }) response: Response) {
    response.cookie('own', '1');
    return {};
  }

  @Get('broken')
  broken() {
    throw new Error('hidden');
  }

  @Get('administration')
  @Roles('admin')
  administration() {
    return { administration: true };
  }

  @Post()
  create(@Body() body: CreateItemDto) {
    return { body, isDto: body instanceof CreateItemDto };
  }

  @Post('any')
  any(@Body() body: unknown) {
    return { body: body ?? null };
  }
}
