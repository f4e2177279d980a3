import { Prop, Schema, SchemaFactory } from '@nestjs/mongoose';
import type { Types } from 'mongoose';

export type Role = 'owner' | 'staff';

@Schema({ collection: 'app_users' })
export class AppUser {
  readonly _id!: Types.ObjectId;
  /** Has no `@`, so that it is no e-mail address of another user. */
  @Prop({ required: true, unique: true }) username!: string;
  @Prop({ required: true, unique: true, lowercase: true }) email!: string;
  @Prop({ type: [String], default: [] }) roles!: Role[];
  /** A hash of the time before Coatcheck. */
  @Prop({ type: String, default: null }) passwordHash!: string | null;
  @Prop({ default: true }) isActive!: boolean;
}

export const AppUserSchema = SchemaFactory.createForClass(AppUser);

declare module 'coatcheck' {
  interface Register {
    user: AppUser;
    role: Role;
  }
}
