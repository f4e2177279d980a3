import { createRequire } from 'node:module';
import type { Challenges } from './challenges.js';
import type { FactorSet, Passkey } from './factor-set.js';
import type { PasskeyOptions } from './factors-options.js';
import { type Registration, authenticationIn, registrationIn } from './passkey-answers.js';

/** EdDSA, ES256 and RS256, which every browser offers (COSE algorithms, RFC 9053). */
const ALGORITHMS = [-8, -7, -257];

/** Loaded at the first use: it takes most of a second. */
const library = () => import('@simplewebauthn/server');

/** Throws if the package that passkeys need is not installed. */
export async function findLibrary(): Promise<void> {
  createRequire(import.meta.url).resolve('@simplewebauthn/server');
}

/** Longer names of transports than any registered one are left out. */
const TRANSPORT = /^[a-z-]{1,20}$/;

type Cbor = string | Uint8Array<ArrayBuffer> | Map<string, Cbor>;

/** What a passkey says of itself when it is registered. */
export type RegisteredPasskey = Omit<Passkey, 'name' | 'createdAt' | 'lastUsedAt'>;

/** A use of a passkey. */
export interface PasskeyUse {
  readonly counter: number;
  readonly isBackedUp: boolean;
  /** Whether the signature counter did not rise although the authenticator has one. */
  readonly isCopied: boolean;
}

/** Makes challenges of WebAuthn and verifies the answers. Passkeys always verify their user. */
export class Passkeys {
  constructor(
    private readonly options: PasskeyOptions,
    private readonly service: string,
    private readonly challenges: Challenges,
    private readonly validFor: number,
  ) {}

  /** What `navigator.credentials.create()` needs to make a passkey for a user. */
  async creationOptions(
    owner: string,
    { handle, passkeys }: FactorSet,
    names: { readonly login: string; readonly displayName: string },
  ): Promise<object> {
    const { generateRegistrationOptions } = await library();
    const options = await generateRegistrationOptions({
      rpName: this.service,
      rpID: this.options.rpId,
      userID: new Uint8Array(Buffer.from(handle, 'base64url')),
      userName: names.login,
      userDisplayName: names.displayName,
      timeout: this.validFor,
      excludeCredentials: passkeys.map(({ id, transports }) => ({ id, transports: [...transports] })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      supportedAlgorithmIDs: ALGORITHMS,
    });
    await this.challenges.keep(owner, `${options.challenge} ${handle}`);
    return options;
  }

  /** The passkey in the answer to `creationOptions`, and the user handle in it; null if the answer is not valid. Uses the challenge up. */
  async register(
    owner: string,
    answer: unknown,
  ): Promise<{ readonly passkey: RegisteredPasskey; readonly handle: string } | null> {
    const [challenge, handle] = (await this.challenges.take(owner))?.split(' ') ?? [];
    const response = registrationIn(answer);
    if (challenge === undefined || handle === undefined || !response) return null;
    const { verifyRegistrationResponse } = await library();
    const verified = await orNull(
      withoutAttestation(response).then((plain) =>
        verifyRegistrationResponse({
          response: plain,
          expectedChallenge: challenge,
          expectedOrigin: [...this.options.origins],
          expectedRPID: this.options.rpId,
          requireUserVerification: true,
          supportedAlgorithmIDs: ALGORITHMS,
        }),
      ),
    );
    if (!verified?.verified) return null;
    const { credential, credentialBackedUp } = verified.registrationInfo;
    const passkey = {
      id: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports: (credential.transports ?? []).filter((name) => TRANSPORT.test(name)).slice(0, 10),
      isBackedUp: credentialBackedUp,
    };
    return { passkey, handle };
  }

  /** What `navigator.credentials.get()` needs: for one of these passkeys, or for any that the browser knows (null). */
  async requestOptions(owner: string, passkeys: readonly Passkey[] | null): Promise<object> {
    const { generateAuthenticationOptions } = await library();
    const options = await generateAuthenticationOptions({
      rpID: this.options.rpId,
      timeout: this.validFor,
      userVerification: 'required',
      allowCredentials: passkeys?.map(({ id, transports }) => ({ id, transports: [...transports] })),
    });
    await this.challenges.keep(owner, options.challenge);
    return options;
  }

  /** The challenge of an owner, for one answer only, whether it is valid or not; null if there is none. */
  takeChallenge(owner: string): Promise<string | null> {
    return this.challenges.take(owner);
  }

  /** Verifies the answer to a challenge with the public key of a passkey; null if it is not valid. */
  async verify(challenge: string, answer: unknown, passkey: Passkey): Promise<PasskeyUse | null> {
    const response = authenticationIn(answer);
    if (!response) return null;
    const { verifyAuthenticationResponse } = await library();
    const verified = await orNull(
      verifyAuthenticationResponse({
        response,
        expectedChallenge: challenge,
        expectedOrigin: [...this.options.origins],
        expectedRPID: this.options.rpId,
        requireUserVerification: true,
        // With a counter of 0 the library accepts every counter: what a lower one means is decided here.
        credential: {
          id: passkey.id,
          publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
          counter: 0,
        },
      }),
    );
    if (!verified?.verified) return null;
    const { newCounter, credentialBackedUp } = verified.authenticationInfo;
    const hasCounter = newCounter > 0 || passkey.counter > 0;
    return {
      counter: newCounter,
      isBackedUp: credentialBackedUp,
      isCopied: hasCounter && newCounter <= passkey.counter,
    };
  }
}

/**
 * The answer without what the authenticator states of its maker, which the options do not ask for. To verify it, the library would
 * fetch the URLs in its certificates, and anyone can make those.
 */
async function withoutAttestation(answer: Registration): Promise<Registration> {
  const { decodeAttestationObject, isoCBOR } = await import('@simplewebauthn/server/helpers');
  const bytes = new Uint8Array(Buffer.from(answer.response.attestationObject, 'base64url'));
  const stated = decodeAttestationObject(bytes);
  const plain = new Map<string, Cbor>([
    ['fmt', 'none'],
    ['attStmt', new Map<string, Cbor>()],
    ['authData', stated.get('authData')],
  ]);
  const attestationObject = Buffer.from(isoCBOR.encode(plain)).toString('base64url');
  return { ...answer, response: { ...answer.response, attestationObject } };
}

/** The library throws for every answer that is not valid. Without an attestation it calls nothing outside of this process. */
async function orNull<T>(result: Promise<T>): Promise<T | null> {
  try {
    return await result;
  } catch {
    return null;
  }
}
