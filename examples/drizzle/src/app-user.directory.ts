import { Injectable } from '@nestjs/common';
import { type Account, UserDirectory } from 'coatcheck';
import { type SQL, eq } from 'drizzle-orm';
import { type AppUser, appUsers } from './app-user.js';
import { Database } from './database.module.js';

@Injectable()
export class AppUserDirectory extends UserDirectory<AppUser> {
  constructor(private readonly database: Database) {
    super();
  }

  /** SQLite takes ' 1', '01' and '1e0' for 1. */
  async findById(id: string): Promise<AppUser | null> {
    const key = Number(id);
    return Number.isSafeInteger(key) && String(key) === id ? this.#first(eq(appUsers.id, key)) : null;
  }

  async findByLogin(login: string): Promise<AppUser | null> {
    return this.#first(
      login.includes('@') ? eq(appUsers.email, login.toLowerCase()) : eq(appUsers.username, login),
    );
  }

  account({ id, email, roles, isActive }: AppUser): Account {
    return { id: String(id), login: email, roles, disabled: !isActive };
  }

  override legacyHash({ passwordHash }: AppUser): string | null {
    return passwordHash;
  }

  #first(condition: SQL): AppUser | null {
    return this.database.orm.select().from(appUsers).where(condition).get() ?? null;
  }
}
