import { Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { UserListener } from './user-listener.js';

/** Notifies every listener of the application, in any module. */
@Injectable()
export class UserListeners extends UserListener {
  constructor(private readonly modules: ModulesContainer) {
    super();
  }

  /** Notifies all listeners even if one throws; throws the first error afterwards. */
  async onUserDeactivated(...event: Parameters<UserListener['onUserDeactivated']>): Promise<void> {
    const results = await Promise.allSettled(
      [...this.#all()].map((listener) => listener.onUserDeactivated(...event)),
    );
    const failure = results.find(({ status }) => status === 'rejected');
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
