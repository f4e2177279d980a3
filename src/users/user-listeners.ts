import { Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { UserListener } from './user-listener.js';

/** Tells every listener of the application, in whichever module it is provided. */
@Injectable()
export class UserListeners extends UserListener {
  constructor(private readonly modules: ModulesContainer) {
    super();
  }

  /** All are told, also where one of them fails; the first failure is thrown afterwards. */
  async onUserDeactivated(...event: Parameters<UserListener['onUserDeactivated']>): Promise<void> {
    const told = await Promise.allSettled(
      [...this.#all()].map((listener) => listener.onUserDeactivated(...event)),
    );
    const failure = told.find(({ status }) => status === 'rejected');
    if (failure) throw (failure as PromiseRejectedResult).reason;
  }

  #all(): Set<UserListener> {
    const listeners = new Set<UserListener>();
    for (const { providers } of this.modules.values())
      for (const wrapper of providers.values()) {
        const instance: unknown = wrapper.isDependencyTreeStatic() ? wrapper.instance : null;
        if (instance instanceof UserListener && instance !== this) listeners.add(instance);
      }
    return listeners;
  }
}
