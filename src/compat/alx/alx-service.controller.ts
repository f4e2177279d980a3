import { Get } from '@nestjs/common';
import { Public } from '../../auth/decorators/access.js';
import { DomainError } from '../../common/domain-error.js';
import { CoatcheckController } from '../../http/coatcheck-controller.js';
import { UsersService } from '../../users/users.service.js';

@CoatcheckController()
export class AlxServiceController {
  constructor(private readonly users: UsersService) {}

  @Get('status')
  @Public()
  status() {
    return { status: 'OK' };
  }

  @Get('unauthorized')
  @Public()
  unauthorized(): never {
    throw new DomainError('credentials_missing');
  }

  @Get('forbidden')
  @Public()
  forbidden(): never {
    throw new DomainError('forbidden');
  }

  @Get('stats')
  async stats() {
    return { users: await this.users.count() };
  }
}
