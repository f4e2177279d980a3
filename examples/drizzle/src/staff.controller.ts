import { Controller, Get } from '@nestjs/common';
import { CurrentUser, Roles } from 'coatcheck';
import type { AppUser } from './app-user.js';

@Controller()
export class StaffController {
  @Get('profile')
  profile(@CurrentUser() user: AppUser) {
    const { id, username, email, roles, isActive } = user;
    return { id, username, email, roles, isActive };
  }

  @Roles('owner')
  @Get('payroll')
  payroll() {
    return { for: 'owners' };
  }

  @Roles('owner', 'staff')
  @Get('rota')
  rota() {
    return { for: 'owners and staff' };
  }

  @Roles({ all: ['owner', 'staff'] })
  @Get('tips')
  tips() {
    return { for: 'owners who are staff' };
  }
}
