import type { User } from '../../users/user.js';

/** The JSON of a user in the course contract. */
export function alxUserJson(user: User) {
  return {
    id: user.id,
    email: user.email,
    first_name: user.firstName,
    last_name: user.lastName,
    created_at: alxTimestamp(user.createdAt),
    updated_at: alxTimestamp(user.updatedAt),
  };
}

/** UTC, without a zone and without a fraction. */
export function alxTimestamp(at: Date): string {
  return at.toISOString().slice(0, 19);
}
