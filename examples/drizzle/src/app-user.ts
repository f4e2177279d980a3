import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

export type Role = 'owner' | 'staff';

export const appUsers = sqliteTable('app_user', {
  id: integer().primaryKey({ autoIncrement: true }),
  /** Has no `@`, so that it is no e-mail address of another user. */
  username: text().notNull().unique(),
  /** In lower case. */
  email: text().notNull().unique(),
  roles: text({ mode: 'json' }).$type<Role[]>().notNull().default([]),
  /** A hash of the time before Coatcheck. */
  passwordHash: text('password_hash'),
  isActive: integer('is_active', { mode: 'boolean' }).notNull().default(true),
});

export type AppUser = typeof appUsers.$inferSelect;

declare module 'coatcheck' {
  interface Register {
    user: AppUser;
    role: Role;
  }
}
