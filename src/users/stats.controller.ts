import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { UsersService } from './users.service.js';

@ApiTags('service')
@Controller('stats')
export class StatsController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @ApiOkResponse({
    schema: { type: 'object', properties: { users: { type: 'integer' } }, required: ['users'] },
  })
  async stats() {
    return { users: await this.users.count() };
  }
}
