import { randomBytes } from 'node:crypto';
import { TOTP, Secret } from 'otpauth';
import { FactorStore, FactorsModule, type FactorsOptionsGiven } from 'coatcheck';
import type { FactorSet, Passkey } from '../../src/factors/factor-set.js';
import type { TestApp, Visitor } from './app.js';

export const ORIGIN = 'https://app.example.com';

/** The module of second factors, with all kinds of them. */
export const factorsModule = (given: Partial<FactorsOptionsGiven> = {}) =>
  FactorsModule.forRoot({
    service: 'Example',
    key: 'a-key-of-factors-with-32-characters',
    passkeys: { rpId: 'example.com', origins: [ORIGIN] },
    ...given,
  });

/** The code of an authenticator app, `steps` of half a minute from now. */
export function codeOf(app: TestApp, secret: string, steps = 0): string {
  const timestamp = app.clock.now().getTime() + steps * 30_000;
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp });
}

/** Sets up an authenticator app for a visitor who has just signed in. Returns its secret and the recovery codes. */
export async function setUpTotp(
  app: TestApp,
  visitor: Visitor,
): Promise<{ readonly secret: string; readonly recoveryCodes: readonly string[] }> {
  const begun = await visitor.post('/factors/totp');
  if (begun.status !== 200) throw new Error(`No setup: ${JSON.stringify(begun.body)}`);
  const { secret } = begun.body;
  const confirmed = await visitor.post('/factors/totp/confirm', { code: codeOf(app, secret) });
  if (confirmed.status !== 200) throw new Error(`Not confirmed: ${JSON.stringify(confirmed.body)}`);
  return { secret, recoveryCodes: confirmed.body.recovery_codes };
}

/** A passkey that nobody has the key of. */
export const aPasskey: Passkey = {
  id: 'AA',
  publicKey: 'AA',
  counter: 0,
  transports: [],
  name: 'Laptop',
  createdAt: 0,
  lastUsedAt: null,
  isBackedUp: false,
};

/** Stores factors of a user who has none, at the back door. */
export async function giveFactors(
  app: TestApp,
  userId: string,
  given: Partial<Omit<FactorSet, 'handle'>>,
): Promise<void> {
  const text = JSON.stringify({ totp: null, recovery: null, passkeys: [], ...given });
  const handle = randomBytes(64).toString('base64url');
  await app.nest.get(FactorStore).swap(userId, null, { handle, text });
}
