/** The types of an application with its own users; compiling it is the test. */
import { type Account, type AppRole, type AppUser, UserDirectory } from 'coatcheck';

export interface Member {
  readonly id: number;
  readonly nick: string;
  readonly isOwner: boolean;
}

declare module 'coatcheck' {
  interface Register {
    user: Member;
    role: 'owner' | 'staff' | 'admin';
  }
}

type Same<A, B> = [A, B] extends [B, A] ? true : false;

export const IS_SAME: readonly [
  user: Same<AppUser, Member>,
  role: Same<AppRole, 'owner' | 'staff' | 'admin'>,
] = [true, true];

export class MemberDirectory extends UserDirectory {
  private readonly members: readonly Member[] = [{ id: 7, nick: 'ann', isOwner: true }];

  async findById(id: string): Promise<Member | null> {
    return this.members.find((member) => String(member.id) === id) ?? null;
  }

  async findByLogin(login: string): Promise<Member | null> {
    return this.members.find(({ nick }) => nick === login) ?? null;
  }

  account({ id, nick, isOwner }: AppUser): Account {
    const roles: AppRole[] = [isOwner ? 'owner' : 'staff'];
    return { id: String(id), login: nick, roles, disabled: false };
  }
}
