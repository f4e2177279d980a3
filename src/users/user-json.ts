import type { User } from './user.js';

/** How users are shown to clients. */
export interface UserPresentation {
  readonly timestamp: (at: Date) => string;
  readonly showsRole: boolean;
}

export const STANDARD_PRESENTATION: UserPresentation = {
  timestamp: (at) => at.toISOString(),
  showsRole: true,
};

/** A user as the API shows them: never a hash, and whether they are disabled to administrators alone. */
export function userJson(
  user: User,
  { timestamp, showsRole }: UserPresentation,
  viewer: Pick<User, 'role'> | null = null,
) {
  return {
    id: user.id,
    email: user.email,
    first_name: user.firstName,
    last_name: user.lastName,
    created_at: timestamp(user.createdAt),
    updated_at: timestamp(user.updatedAt),
    ...(showsRole && { role: user.role }),
    ...(showsRole && viewer?.role === 'admin' && { disabled: user.disabled }),
  };
}
