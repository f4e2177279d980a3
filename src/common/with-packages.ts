/** Optional packages, and the part of Coatcheck that needs them. */
export interface Needed {
  readonly by: string;
  /** Their names, as npm takes them. */
  readonly packages: string;
}

/**
 * Opens something that needs packages which are optional. If one is not installed, throws an error with the command that
 * installs them.
 */
export async function withPackages<T>({ by, packages }: Needed, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    if (!isMissingPackage(cause)) throw cause;
    throw new Error(`${by} needs a package that is not installed. Run: npm install ${packages}`, { cause });
  }
}

/** Also for an error that says in its `cause` that a package is missing. */
function isMissingPackage(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' || isMissingPackage(cause);
}
