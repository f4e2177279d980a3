import type { User } from '../../../users/user.js';

/** A user as the API shows them: never a hash, and whether they are disabled to administrators alone. */
export function userJson(user: User, viewer: Pick<User, 'role'> | null = null) {
  return {
    id: user.id,
    email: user.email,
    first_name: user.firstName,
    last_name: user.lastName,
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
    role: user.role,
    ...(viewer?.role === 'admin' && { disabled: user.disabled }),
  };
}
