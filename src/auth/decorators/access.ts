import { type ExecutionContext, SetMetadata, createParamDecorator } from '@nestjs/common';
import { parseDuration } from '../../common/duration.js';
import { PROOF_KINDS, type ProofKind, isProofKind } from '../../sessions/proofs.js';
import type { SessionOwner } from '../../sessions/session.js';
import type { AppRole } from '../../users/user-directory.js';
import { exchangeAt } from '../exchange/contexts.js';

/** Who may call a route: anyone without authentication, anyone with or without it, or only authenticated users. */
export type Access = 'public' | 'optional' | 'required';

export const ACCESS = 'coatcheck:access';
export const ROLES = 'coatcheck:roles';
export const FOR_ADMINS = 'coatcheck:for-admins';
export const FRESH = 'coatcheck:fresh';
export const OWN_ROUTES = 'coatcheck:own-routes';

/** How long ago, in milliseconds, the caller may have shown who they are, how, and for which bodies this is required. */
export interface Freshness {
  readonly maxAge: number;
  /** The proofs of which one is required; null for any. */
  readonly by: readonly ProofKind[] | null;
  readonly when: (body: Readonly<Record<string, unknown>>) => boolean;
}

/** Anyone may call. Requests are not authenticated. */
export const Public = () => SetMetadata(ACCESS, 'public' satisfies Access);

/** Anyone may call. A request with a credential is authenticated, and refused with 401 if the credential is invalid. */
export const OptionalAuth = () => SetMetadata(ACCESS, 'optional' satisfies Access);

/** The roles that may call: users with any of these, and with all of those. */
export interface RolesWanted {
  readonly any: readonly string[];
  readonly all: readonly string[];
}

/** Only users with one of these roles may call; with `{ all: […] }`, only users with all of them. */
export const Roles = (...roles: [AppRole, ...AppRole[]] | [{ readonly all: readonly AppRole[] }]) => {
  const [first] = roles;
  const wanted: RolesWanted =
    typeof first === 'string' ? { any: roles as string[], all: [] } : { any: [], all: first.all };
  if (wanted.any.length + wanted.all.length === 0) throw new Error('@Roles({ all: [] }) names no role.');
  return SetMetadata(ROLES, wanted);
};

/** Only users with the `adminRole` of the options may call. */
export const ForAdmins = () => SetMetadata(FOR_ADMINS, true);

/** How `@Fresh()` differs from the default. */
export interface FreshOptions {
  /** The proofs of which one is required, such as `['passkey', 'totp']`. */
  readonly by?: readonly ProofKind[];
  /** Returns false for plain objects for which no proof is required. */
  readonly when?: Freshness['when'];
}

/**
 * Only users who showed who they are at most `maxAge` (such as `5m`) ago may call: at sign-in, later, or in the request itself. With
 * `by`, only if they did so in one of these ways. With `when`, this is not required for plain objects for which it returns false.
 * Throws for an invalid `maxAge`, and for a `by` that no session can have.
 */
export const Fresh = (maxAge: string, options: Freshness['when'] | FreshOptions = {}) => {
  const { by, when = () => true } = typeof options === 'function' ? { when: options } : options;
  const freshness: Freshness = { maxAge: parseDuration(maxAge), by: by ?? null, when };
  if (!(freshness.maxAge > 0)) throw new Error("@Fresh() needs a duration such as '5m'.");
  if (by && (by.length === 0 || !by.every(isProofKind)))
    throw new Error(`@Fresh(): by needs some of ${PROOF_KINDS.join(', ')}.`);
  return SetMetadata(FRESH, freshness);
};

/** The authenticated user; null for an anonymous request on an `@OptionalAuth()` route. Throws on a `@Public()` route. */
export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext) => principalOf(context, '@CurrentUser()')?.user ?? null,
);

/** The session of the request; null for Basic credentials and anonymous requests. Throws on a `@Public()` route. */
export const CurrentSession = createParamDecorator(
  (_: unknown, context: ExecutionContext) => principalOf(context, '@CurrentSession()')?.session ?? null,
);

/** The user to whom sessions belong: the authenticated one. Throws on a `@Public()` route. */
export const CurrentOwner = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const { account, credentialVersion } = principalOf(context, '@CurrentOwner()')!;
  return { id: account.id, credentialVersion } satisfies SessionOwner;
});

/** The principal of the request. Throws on a `@Public()` route. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext) =>
  principalOf(context, '@CurrentPrincipal()'),
);

/** What the decorators on a handler, or else on its class, say. */
interface Rules {
  readonly access: Access;
  readonly roles: RolesWanted & { readonly isForAdmins: boolean };
  readonly freshness: Freshness | null;
}

/** The rules of each handler, by controller. Without this, the guards of a request take half as long again. */
const rules = new WeakMap<object, WeakMap<object, Rules>>();

/** The access that the decorator on a handler, or else on its class, sets; `required` without one. */
export function accessOf(handler: object, controller: object): Access {
  return rulesOf(handler, controller).access;
}

/** Whether a handler asks for a role. */
export function needsRole(handler: object, controller: object): boolean {
  const { any, all, isForAdmins } = rolesOf(handler, controller);
  return any.length + all.length > 0 || isForAdmins;
}

/** The roles that may call a handler; nothing if every role may. */
export function rolesOf(handler: object, controller: object): Rules['roles'] {
  return rulesOf(handler, controller).roles;
}

/** Whether a controller belongs to this package. */
export function isOwnController(controller: object): boolean {
  return Reflect.hasMetadata(OWN_ROUTES, controller);
}

/** What `@Fresh()` on a handler, or else on its class, requires; null without it. */
export function freshnessOf(handler: object, controller: object): Freshness | null {
  return rulesOf(handler, controller).freshness;
}

function rulesOf(handler: object, controller: object): Rules {
  let ofController = rules.get(controller);
  if (!ofController) rules.set(controller, (ofController = new WeakMap()));
  let found = ofController.get(handler);
  if (!found) ofController.set(handler, (found = readRules(handler, controller)));
  return found;
}

function readRules(handler: object, controller: object): Rules {
  const read = <T>(key: string): T | undefined =>
    (Reflect.getMetadata(key, handler) ?? Reflect.getMetadata(key, controller)) as T | undefined;
  return {
    access: read<Access>(ACCESS) ?? 'required',
    roles: {
      ...(read<RolesWanted>(ROLES) ?? { any: [], all: [] }),
      isForAdmins: read<boolean>(FOR_ADMINS) ?? false,
    },
    freshness: read<Freshness>(FRESH) ?? null,
  };
}

function principalOf(context: ExecutionContext, decorator: string) {
  if (accessOf(context.getHandler(), context.getClass()) === 'public') {
    throw new Error(`${decorator} on a @Public() handler: there may be no user. Use @OptionalAuth().`);
  }
  return exchangeAt(context).principal;
}
