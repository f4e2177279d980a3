import type { CanActivate, ExceptionFilter, Type } from '@nestjs/common';
import { EXCEPTION_FILTERS_METADATA, GUARDS_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, type ModulesContainer } from '@nestjs/core';

/** Marks a gateway. The packages of gateways are not imported here. */
const GATEWAY = 'websockets:is_gateway';
/** Marks a property of a gateway that Nest sets to its server. */
const SERVER_PROPERTY = 'websockets:is_socket';
/** A property of that kind, which each gateway gets. Nest finds only those with a text for a name. */
const HIDDEN_PROPERTY = 'coatcheck:server';

type Gateway = Type<object>;

/** The classes of the gateways of an application. */
export function gatewaysIn(modules: ModulesContainer): ReadonlySet<Gateway> {
  const classes = new DiscoveryService(modules).getProviders().map(({ metatype }) => metatype);
  return new Set(
    classes.filter((one): one is Gateway => typeof one === 'function' && Reflect.hasMetadata(GATEWAY, one)),
  );
}

/** The guards that a gateway names by `@UseGuards()`, as classes or instances. */
export function guardsNamedBy(gateway: Gateway): readonly unknown[] {
  return (Reflect.getMetadata(GUARDS_METADATA, gateway) ?? []) as unknown[];
}

/** Applies a guard to all messages of a gateway, before its own guards. */
export function addGuard(gateway: Gateway, guard: CanActivate): void {
  const named = guardsNamedBy(gateway);
  if (!named.includes(guard)) Reflect.defineMetadata(GUARDS_METADATA, [guard, ...named], gateway);
}

/** Applies a filter to all messages of a gateway. Nest asks the last one first. */
export function addFilter(gateway: Gateway, filter: ExceptionFilter): void {
  const named = (Reflect.getMetadata(EXCEPTION_FILTERS_METADATA, gateway) ?? []) as unknown[];
  if (!named.includes(filter))
    Reflect.defineMetadata(EXCEPTION_FILTERS_METADATA, [...named, filter], gateway);
}

/** Calls `bind` with an instance and its server, before any client can connect: Nest sets the server as it creates it. */
export function onServer(gateway: Gateway, bind: (instance: object, server: unknown) => void): void {
  const prototype = gateway.prototype as object;
  Object.defineProperty(prototype, HIDDEN_PROPERTY, {
    enumerable: true,
    configurable: true,
    get: () => undefined,
    set(this: object, server: unknown) {
      bind(this, server);
    },
  });
  Reflect.defineMetadata(SERVER_PROPERTY, true, prototype, HIDDEN_PROPERTY);
}
