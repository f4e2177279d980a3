import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import bcrypt from 'bcrypt';
import { hashInThread } from './hashing-threads.js';
import { PasswordHasher } from './password-hasher.js';

/** `$bcrypt-sha256$v=2,t=2b,r=12$salt$digest` as passlib defines it; a pepper adds its id: `r=12,k=1f0e5c2a`. */
const PHC =
  /^\$bcrypt-sha256\$v=2,t=2b,r=(\d{1,2})(?:,k=([0-9a-f]{8}))?\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})$/;

/** The work that a stored hash may ask for, as a power of two: a hostile row must not stop the server. */
const MAX_COST = 16;

/**
 * bcrypt over an HMAC-SHA-256 of the password, so that bytes past the 72nd and NUL count (passlib's bcrypt_sha256 v2).
 * The HMAC is keyed with the salt and the pepper: a digest stolen elsewhere is of no use here.
 */
export class BcryptPasswordHasher extends PasswordHasher {
  readonly #cost: number;
  readonly #pepper: string;
  readonly #pepperId: string | undefined;

  constructor(options: { readonly cost: number; readonly pepper: string | null }) {
    super();
    this.#cost = options.cost;
    this.#pepper = options.pepper ?? '';
    this.#pepperId = options.pepper === null ? undefined : pepperId(options.pepper);
  }

  async hash(password: string): Promise<string> {
    const salt = bcrypt.genSaltSync(this.#cost);
    const hash = await hashInThread(prehash(password, salt.slice(-22), this.#pepper), salt);
    return this.#phc(hash.slice(-53, -31), hash.slice(-31));
  }

  async verify(password: string, hash: string): Promise<boolean> {
    const [, cost = '', key, salt = '', digest = ''] = PHC.exec(hash) ?? [];
    if (Number(cost) < 4 || Number(cost) > MAX_COST) return false;
    const pepper = key === undefined ? '' : this.#pepper;
    const settings = `$2b$${cost.padStart(2, '0')}$${salt}`;
    const hashed = await hashInThread(prehash(password, salt, pepper), settings);
    return (
      timingSafeEqual(Buffer.from(hashed), Buffer.from(settings + digest)) &&
      (key === undefined || key === this.#pepperId)
    );
  }

  decoy(): string {
    return this.#phc(bcrypt.genSaltSync(this.#cost).slice(-22), randomBytes(16).toString('hex').slice(1));
  }

  isOutdated(hash: string): boolean {
    const [, cost, key] = PHC.exec(hash) ?? [];
    return Number(cost) !== this.#cost || key !== this.#pepperId;
  }

  #phc(salt: string, digest: string): string {
    const key = this.#pepperId === undefined ? '' : `,k=${this.#pepperId}`;
    return `$bcrypt-sha256$v=2,t=2b,r=${this.#cost}${key}$${salt}$${digest}`;
  }
}

function prehash(password: string, salt: string, pepper: string): string {
  return createHmac('sha256', salt + pepper)
    .update(password.normalize('NFC'), 'utf8')
    .digest('base64');
}

function pepperId(pepper: string): string {
  return createHash('sha256').update(pepper).digest('hex').slice(0, 8);
}
