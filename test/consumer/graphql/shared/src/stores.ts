import { StoreUnavailableError } from 'coatcheck';

/** Counts the calls of stores, and makes them fail. */
export const stores = { calls: 0, areDown: false };

export function watch(store: object): void {
  const target = store as Record<string, unknown>;
  for (let type = store; type !== Object.prototype; type = Object.getPrototypeOf(type) as object)
    for (const name of Object.getOwnPropertyNames(type)) {
      const method = Object.getOwnPropertyDescriptor(type, name)?.value as unknown;
      if (name === 'constructor' || typeof method !== 'function' || Object.hasOwn(target, name)) continue;
      target[name] = (...args: unknown[]) => {
        stores.calls += 1;
        if (stores.areDown) return Promise.reject(new StoreUnavailableError());
        return method.apply(store, args) as unknown;
      };
    }
}
