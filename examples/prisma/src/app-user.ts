import type { AppUser } from './generated/client.js';

export type { AppUser };

declare module 'coatcheck' {
  interface Register {
    user: AppUser;
    role: 'owner' | 'staff';
  }
}
