import { Controller, Get } from '@nestjs/common';
import { ApiAnswer, ApiTag } from '../common/api-notes.js';
import { UsersService } from './users.service.js';

@ApiTag('service')
@Controller('stats')
export class StatsController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @ApiAnswer(200, {
    schema: { type: 'object', properties: { users: { type: 'integer' } }, required: ['users'] },
  })
  async stats() {
    return { users: await this.users.count() };
  }
}
