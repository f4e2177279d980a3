import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

export type Role = 'owner' | 'staff';

@Entity('app_user')
export class AppUser {
  @PrimaryGeneratedColumn() id!: number;
  /** Has no `@`, so that it is no e-mail address of another user. */
  @Column('text') username!: string;
  /** In lower case. */
  @Column('text') email!: string;
  @Column('text', { array: true }) roles!: Role[];
  /** A hash of the time before Coatcheck. */
  @Column('text', { name: 'password_hash', nullable: true }) passwordHash!: string | null;
  @Column('boolean', { name: 'is_active' }) isActive!: boolean;
}

declare module 'coatcheck' {
  interface Register {
    user: AppUser;
    role: Role;
  }
}
