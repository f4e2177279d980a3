import { Injectable } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { AuthOptions } from './auth/auth-options.js';
import { MESSAGE_AUTHORIZATION } from './auth/exchange/message-context.js';
import { AuthGuard } from './auth/guards/auth.guard.js';
import { FreshGuard } from './auth/guards/fresh.guard.js';
import { RolesGuard } from './auth/guards/roles.guard.js';
import {
  isAppGuard,
  messageControllersIn,
  messageHandlersOf,
  putFilter,
  putGuards,
} from './auth/message-metadata.js';
import { MessageFilter } from './message.filter.js';

/**
 * Guards the handlers of messages where the guards are global. Nest leaves global guards out in a hybrid application, unless it
 * is told to `inheritAppConfig`. It reads the metadata that is set here when the microservice starts, which is later.
 */
@Injectable()
export class MessageGuards {
  constructor(
    moduleRef: ModuleRef,
    { messageAuthorization }: AuthOptions,
    auth: AuthGuard,
    roles: RolesGuard,
    fresh: FreshGuard,
  ) {
    const modules = moduleRef.get(ModulesContainer, { strict: false });
    const { httpAdapter } = moduleRef.get(HttpAdapterHost, { strict: false });
    const isGlobal = isAppGuard(AuthGuard, modules);
    for (const controller of messageControllersIn(modules)) {
      Reflect.defineMetadata(MESSAGE_AUTHORIZATION, messageAuthorization, controller);
      if (isGlobal) putGuards(controller, [auth, roles, fresh]);
      for (const { name, method, isEvent } of messageHandlersOf(controller))
        putFilter(method, new MessageFilter(`${controller.name}.${name}`, isEvent, httpAdapter));
    }
  }
}
