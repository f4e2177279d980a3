import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { type Account, UserDirectory } from 'coatcheck';
import { Model } from 'mongoose';
import { AppUser } from './app-user.js';

@Injectable()
export class AppUserDirectory extends UserDirectory<AppUser> {
  constructor(@InjectModel(AppUser.name) private readonly users: Model<AppUser>) {
    super();
  }

  /** Mongoose throws for texts that are no ObjectId, and takes any 12 characters for one. */
  async findById(id: string): Promise<AppUser | null> {
    return /^[\da-f]{24}$/.test(id) ? this.users.findById(id).lean<AppUser>() : null;
  }

  async findByLogin(login: string): Promise<AppUser | null> {
    const query = login.includes('@') ? { email: login.toLowerCase() } : { username: login };
    return this.users.findOne(query).lean<AppUser>();
  }

  account({ _id, email, roles, isActive }: AppUser): Account {
    return { id: _id.toHexString(), login: email, roles, disabled: !isActive };
  }

  override legacyHash({ passwordHash }: AppUser): string | null {
    return passwordHash;
  }
}
