/** Throws an `Error` that has the npm command if `@node-rs/argon2` or its native code is not installed. */
export async function requireArgon2(): Promise<void> {
  try {
    await import('@node-rs/argon2');
  } catch (cause) {
    throw new Error(
      'Argon2 needs @node-rs/argon2 with its native code. Run: npm install @node-rs/argon2 --include=optional',
      { cause },
    );
  }
}
