import { Injectable } from '@nestjs/common';
import { type Account, UserDirectory } from 'coatcheck';
import type { AppUser } from './app-user.js';
import { PrismaService } from './prisma.module.js';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

@Injectable()
export class AppUserDirectory extends UserDirectory<AppUser> {
  constructor(private readonly prisma: PrismaService) {
    super();
  }

  /** PostgreSQL refuses texts that are no UUID, and takes several spellings for the same one. */
  async findById(id: string): Promise<AppUser | null> {
    return UUID.test(id) ? this.prisma.appUser.findUnique({ where: { id } }) : null;
  }

  /** PostgreSQL refuses texts with NUL. */
  async findByLogin(login: string): Promise<AppUser | null> {
    if (login.includes('\0')) return null;
    return this.prisma.appUser.findUnique({
      where: login.includes('@') ? { email: login.toLowerCase() } : { username: login },
    });
  }

  account({ id, email, roles, isActive }: AppUser): Account {
    return { id, login: email, roles, disabled: !isActive };
  }

  override legacyHash({ passwordHash }: AppUser): string | null {
    return passwordHash;
  }
}
