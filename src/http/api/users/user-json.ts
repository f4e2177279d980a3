import type { User } from '../../../users/user.js';

/** The JSON of a user, without the hash. `disabled` is only for administrators. */
export function userJson(user: User, isForAdmin = false) {
  return {
    id: user.id,
    email: user.email,
    email_verified: user.emailVerifiedAt !== null,
    first_name: user.firstName,
    last_name: user.lastName,
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
    role: user.role,
    ...(isForAdmin && { disabled: user.disabled }),
  };
}
