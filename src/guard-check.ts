import { Injectable, type OnApplicationBootstrap, type Type } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import {
  ApplicationConfig,
  DiscoveryService,
  MetadataScanner,
  ModuleRef,
  ModulesContainer,
} from '@nestjs/core';
import { freshnessOf, isOwnController, needsRole } from './auth/decorators/access.js';
import { isResolver } from './auth/graphql-metadata.js';
import { gatewaysIn } from './auth/sockets/gateway-metadata.js';
import { FreshGuard } from './auth/guards/fresh.guard.js';
import { RolesGuard } from './auth/guards/roles.guard.js';

/** The decorators that do nothing without their guard. */
const NEEDS = [
  ['@Roles()', RolesGuard, needsRole],
  ['@Fresh()', FreshGuard, (handler, controller) => freshnessOf(handler, controller) !== null],
] as const satisfies readonly (readonly [string, Type, (handler: object, controller: object) => boolean])[];

/** Refuses to start, where the guards are left to `@UseGuards()`, with a handler that says `@Roles()` or `@Fresh()` and lacks the guard. */
@Injectable()
export class GuardCheck implements OnApplicationBootstrap {
  constructor(
    private readonly modules: ModulesContainer,
    private readonly config: ApplicationConfig,
    private readonly moduleRef: ModuleRef,
  ) {}

  onApplicationBootstrap(): void {
    const discovery = new DiscoveryService(this.modules);
    const classes = [...discovery.getControllers(), ...discovery.getProviders().filter(isResolver)].flatMap(
      ({ metatype }) => (metatype && !isOwnController(metatype) ? [metatype as Type<object>] : []),
    );
    const faults = [...classes, ...gatewaysIn(this.modules)].flatMap((one) => this.#faultsOf(one));
    if (faults.length > 0) throw new Error(faults.join('\n'));
  }

  #faultsOf(controller: Type<object>): string[] {
    const handlers = controller.prototype as Record<string, object>;
    return new MetadataScanner()
      .getAllMethodNames(controller.prototype as object)
      .flatMap((name) =>
        NEEDS.filter(
          ([, guard, isNeeded]) =>
            isNeeded(handlers[name]!, controller) && !this.#has(guard, handlers[name]!, controller),
        ).map(
          ([decorator, guard]) =>
            `${controller.name}.${name} has ${decorator} without ${guard.name}, and global is false. ` +
            `Add @UseGuards(AuthGuard, RolesGuard, FreshGuard), or provide them as APP_GUARD.`,
        ),
      );
  }

  #has(guard: Type<object>, handler: object, controller: object): boolean {
    const own = this.moduleRef.get<object>(guard, { strict: false });
    const named = [handler, controller].flatMap(
      (target) => (Reflect.getMetadata(GUARDS_METADATA, target) ?? []) as unknown[],
    );
    return [...named, ...this.config.getGlobalGuards()].some(
      (one) => one === own || one === guard || one instanceof guard || isSubclass(one, guard),
    );
  }
}

function isSubclass(one: unknown, base: Type<object>): boolean {
  return typeof one === 'function' && one.prototype instanceof base;
}
