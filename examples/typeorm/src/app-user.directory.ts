import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type Account, UserDirectory } from 'coatcheck';
import { Repository } from 'typeorm';
import { AppUser } from './app-user.js';

const MAX_INTEGER = 2 ** 31 - 1;

@Injectable()
export class AppUserDirectory extends UserDirectory<AppUser> {
  constructor(@InjectRepository(AppUser) private readonly users: Repository<AppUser>) {
    super();
  }

  /** PostgreSQL refuses texts that are no integer, and takes ' 1' and '01' for 1. */
  async findById(id: string): Promise<AppUser | null> {
    const key = Number(id);
    const isId = Number.isInteger(key) && String(key) === id && key <= MAX_INTEGER;
    return isId ? this.users.findOneBy({ id: key }) : null;
  }

  /** PostgreSQL refuses texts with NUL. */
  async findByLogin(login: string): Promise<AppUser | null> {
    if (login.includes('\0')) return null;
    return this.users.findOneBy(login.includes('@') ? { email: login.toLowerCase() } : { username: login });
  }

  account({ id, email, roles, isActive }: AppUser): Account {
    return { id: String(id), login: email, roles, disabled: !isActive };
  }

  override legacyHash({ passwordHash }: AppUser): string | null {
    return passwordHash;
  }
}
