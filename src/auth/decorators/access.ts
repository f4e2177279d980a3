import { type ExecutionContext, SetMetadata, createParamDecorator } from '@nestjs/common';
import { parseDuration } from '../../common/duration.js';

/** Whom a route admits: anyone unasked, anyone but asked who they are, or only who is signed in. */
export type Access = 'public' | 'optional' | 'required';

export const ACCESS = 'coatcheck:access';
export const ROLES = 'coatcheck:roles';
export const FRESH = 'coatcheck:fresh';
export const OWN_ROUTES = 'coatcheck:own-routes';

/** How long ago, in milliseconds, the caller may have proven who they are, and for which bodies that is asked. */
export interface Freshness {
  readonly maxAge: number;
  readonly when: (body: Readonly<Record<string, unknown>>) => boolean;
}

/** Anyone may call; nobody is asked who they are. */
export const Public = () => SetMetadata(ACCESS, 'public' satisfies Access);

/** Anyone may call; a credential that is presented is honoured, and refused where it is no good. */
export const OptionalAuth = () => SetMetadata(ACCESS, 'optional' satisfies Access);

/** Only users of one of these roles may call. */
export const Roles = (...roles: [string, ...string[]]) => SetMetadata(ROLES, roles);

/**
 * Only who proved by a password who they are, at most this long ago (`5m`), may call: at sign-in, anew, or in the request
 * itself. With `when`, that is asked only for bodies that it is true of.
 */
export const Fresh = (maxAge: string, when: Freshness['when'] = () => true) => {
  const freshness: Freshness = { maxAge: parseDuration(maxAge), when };
  if (!(freshness.maxAge > 0)) throw new Error("@Fresh() wants a duration such as '5m'.");
  return SetMetadata(FRESH, freshness);
};

/** The signed-in user; null for a stranger on an `@OptionalAuth()` route; an error on a `@Public()` one. */
export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext) => principalOf(context, '@CurrentUser()')?.user ?? null,
);

/** The session that the request came with, or null where the credential is none (Basic, a stranger). */
export const CurrentSession = createParamDecorator(
  (_: unknown, context: ExecutionContext) => principalOf(context, '@CurrentSession()')?.session ?? null,
);

/** What the decorators on a handler and its class say of access, the handler's word first. */
export function accessOf(handler: object, controller: object): Access {
  return metadata<Access>(ACCESS, handler, controller) ?? 'required';
}

/** The roles that the decorators on a handler and its class ask for; empty where any will do. */
export function rolesOf(handler: object, controller: object): readonly string[] {
  return metadata<string[]>(ROLES, handler, controller) ?? [];
}

/** Whether the routes of a controller are those of this package. */
export function isOwnController(controller: object): boolean {
  return Reflect.hasMetadata(OWN_ROUTES, controller);
}

/** What the decorators on a handler and its class ask of the caller's last proof; null where nothing. */
export function freshnessOf(handler: object, controller: object): Freshness | null {
  return metadata<Freshness>(FRESH, handler, controller) ?? null;
}

function metadata<T>(key: string, handler: object, controller: object): T | undefined {
  return (Reflect.getMetadata(key, handler) ?? Reflect.getMetadata(key, controller)) as T | undefined;
}

function principalOf(context: ExecutionContext, decorator: string) {
  if (accessOf(context.getHandler(), context.getClass()) === 'public') {
    throw new Error(`${decorator} on a @Public() handler: there may be no user. Use @OptionalAuth().`);
  }
  return context.switchToHttp().getRequest<{ principal?: { user: unknown; session: unknown } }>().principal;
}
