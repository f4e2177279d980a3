import type { Position } from '../common/cursor.js';
import { type User, emailKey, fullNameKeys } from './user.js';

/** Orders of a list of users; `-` is descending. `name` is the last name, then the first name. */
export const USER_SORTS = ['created', '-created', 'email', '-email', 'name', '-name'] as const;

export type UserSort = (typeof USER_SORTS)[number];

/** A position in a list of users in one order. Users with the same key are ordered by creation, then id. */
export interface UserPosition extends Position {
  /** The key of the order; empty if the list is ordered by creation. */
  readonly key: string;
}

/** Which users to list, and in which order. A filter that is null excludes no one; several filters must all match. */
export interface UserQuery {
  readonly limit: number;
  /** The end of the previous page; null for the first page. */
  readonly after: UserPosition | null;
  readonly sort: UserSort;
  /** The beginning of the e-mail address. */
  readonly email: string | null;
  /** The beginning of the first name, the last name, or both in either order. */
  readonly name: string | null;
  readonly role: string | null;
  readonly disabled: boolean | null;
}

export const ALL_USERS: UserQuery = {
  limit: Infinity,
  after: null,
  sort: 'created',
  email: null,
  name: null,
  role: null,
  disabled: null,
};

export interface UserPage {
  readonly users: User[];
  /** The `after` of the next page; null if this is the last page. With filters a page can be short or empty and not the last. */
  readonly next: UserPosition | null;
}

/** The field that a sort orders by, and its direction. */
export function orderOf(sort: UserSort): {
  readonly by: 'created' | 'email' | 'name';
  readonly isDescending: boolean;
} {
  const isDescending = sort.startsWith('-');
  return { by: sort.slice(Number(isDescending)) as 'created' | 'email' | 'name', isDescending };
}

/** The position of a user in a list of this order. */
export function userPosition(user: User, sort: UserSort): UserPosition {
  const { by } = orderOf(sort);
  const key = by === 'email' ? emailKey(user.email) : by === 'name' ? fullNameKeys(user).byLastName : '';
  return { key, createdAt: user.createdAt, id: user.id };
}

/** Compares positions of one sort. Texts are compared by code points, as databases do. */
export function comparePositions(a: UserPosition, b: UserPosition, sort: UserSort): number {
  const ascending =
    compareTexts(a.key, b.key) || a.createdAt.getTime() - b.createdAt.getTime() || compareTexts(a.id, b.id);
  return orderOf(sort).isDescending ? -ascending : ascending;
}

export function compareTexts(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
