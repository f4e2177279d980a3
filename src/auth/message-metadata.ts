import type { Type } from '@nestjs/common';
import { EXCEPTION_FILTERS_METADATA, GUARDS_METADATA } from '@nestjs/common/constants.js';
import { APP_GUARD, DiscoveryService, MetadataScanner, type ModulesContainer } from '@nestjs/core';

/** The metadata by which `@nestjs/microservices` knows its handlers, and whether they answer. */
const PATTERN = 'microservices:pattern';
const KIND = 'microservices:handler_type';
const EVENT = 2;

/** A handler of messages. */
export interface MessageHandler {
  readonly name: string;
  readonly method: object;
  /** Whether nobody waits for an answer. */
  readonly isEvent: boolean;
}

/** The controllers of an application that handle messages. */
export function messageControllersIn(modules: ModulesContainer): Type<object>[] {
  return new DiscoveryService(modules)
    .getControllers()
    .map(({ metatype }) => metatype as Type<object>)
    .filter((metatype) => metatype && messageHandlersOf(metatype).length > 0);
}

export function messageHandlersOf({ prototype }: Type<object>): MessageHandler[] {
  const methods = prototype as Record<string, object>;
  return new MetadataScanner()
    .getAllMethodNames(prototype as object)
    .filter((name) => Reflect.hasMetadata(PATTERN, methods[name]!))
    .map((name) => {
      const method = methods[name]!;
      return { name, method, isEvent: Reflect.getMetadata(KIND, method) === EVENT };
    });
}

/** Whether a guard, or a subclass of it, is an `APP_GUARD` of an application that is being built. */
export function isAppGuard(guard: Type<object>, modules: ModulesContainer): boolean {
  const isIt = (type: unknown) =>
    type === guard || (typeof type === 'function' && type.prototype instanceof guard);
  return new DiscoveryService(modules)
    .getProviders()
    .filter(({ token }) => String(token).startsWith(APP_GUARD))
    .some(({ metatype, inject }) => isIt(metatype) || inject?.some(isIt));
}

/** Puts guards before those of a controller. Those of the same classes that an application before has put there go. */
export function putGuards(controller: Type<object>, guards: readonly object[]): void {
  put(GUARDS_METADATA, controller, (others) => [...guards, ...others], guards);
}

/** Puts a filter after those of a handler. One of the same class that an application before has put there goes. */
export function putFilter(handler: object, filter: object): void {
  put(EXCEPTION_FILTERS_METADATA, handler, (others) => [...others, filter], [filter]);
}

function put(
  key: string,
  target: object,
  join: (others: readonly unknown[]) => readonly unknown[],
  ours: readonly object[],
): void {
  const set = (Reflect.getMetadata(key, target) ?? []) as readonly unknown[];
  const isOurs = (one: unknown) => ours.some(({ constructor }) => Object(one).constructor === constructor);
  Reflect.defineMetadata(key, join(set.filter((one) => !isOurs(one))), target);
}
