import { Get } from '@nestjs/common';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { UsersService } from '../../../users/users.service.js';

@ApiTag('service')
@CoatcheckController('stats')
export class StatsController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @ApiAction({ id: 'getStats', summary: 'Count the users', description: 'Counts all accounts.' })
  @ApiAnswer(200, {
    description: 'The number of users.',
    schema: { type: 'object', properties: { users: { type: 'integer' } }, required: ['users'] },
  })
  async stats() {
    return { users: await this.users.count() };
  }
}
