import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Bytes of a nonce and a tag of AES-GCM (NIST SP 800-38D, sections 5.2.1.1 and 5.2.1.2). */
const NONCE = 12;
const TAG = 16;

/** Encrypts short secrets with AES-256-GCM. A text is bound to its context and opens in no other. */
export class SecretBox {
  readonly #keys: readonly Buffer[];

  /** Texts of at least 32 characters. The first one encrypts; the others are earlier ones, which still decrypt. */
  constructor(keys: readonly [string, ...string[]]) {
    this.#keys = keys.map((key) => Buffer.from(hkdfSync('sha256', key, '', 'coatcheck factors', 32)));
  }

  seal(secret: Uint8Array, context: string): string {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.#keys[0]!, nonce).setAAD(Buffer.from(context));
    return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]).toString(
      'base64url',
    );
  }

  /** The secret, and whether the first key encrypted it; null if no key opens the text in this context. */
  open(text: string, context: string): { readonly secret: Buffer; readonly isCurrent: boolean } | null {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length < NONCE + TAG) return null;
    for (const [index, key] of this.#keys.entries()) {
      const secret = opened(bytes, key, context);
      if (secret) return { secret, isCurrent: index === 0 };
    }
    return null;
  }
}

function opened(bytes: Buffer, key: Buffer, context: string): Buffer | null {
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE), { authTagLength: TAG })
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE, -TAG)), decipher.final()]);
  } catch {
    return null;
  }
}
