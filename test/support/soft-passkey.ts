import { type KeyObject, createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';

/** Bits of the flags of authenticator data (Web Authentication Level 3, section 6.1). */
export const FLAGS = { UP: 0x01, UV: 0x04, BE: 0x08, BS: 0x10, AT: 0x40 };

/** What an attacker can make another way than an honest browser. */
export interface Twist {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly type?: string;
  readonly flags?: number;
  readonly counter?: number;
  readonly handle?: string;
  readonly id?: string;
  readonly key?: KeyObject;
  readonly crossOrigin?: boolean;
  readonly topOrigin?: string;
  /** The format and the statement of an attestation, instead of none. */
  readonly attestation?: readonly [string, ReadonlyMap<string, unknown>];
}

type Options = Readonly<Record<string, unknown>>;

/** A passkey in this process: an ES256 key, and the answers of a browser. It checks nothing, so that it can lie. */
export class SoftPasskey {
  readonly id = randomBytes(16).toString('base64url');
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  counter = 0;
  handle: string | null = null;

  constructor(
    private readonly rpId: string,
    private readonly origin: string,
  ) {}

  /** COSE. */
  get publicKey(): Buffer {
    const { x, y } = this.#keys.publicKey.export({ format: 'jwk' });
    const key = new Map<number, number | Uint8Array>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, new Uint8Array(Buffer.from(x!, 'base64url'))],
      [-3, new Uint8Array(Buffer.from(y!, 'base64url'))],
    ]);
    return Buffer.from(isoCBOR.encode(key));
  }

  /** The answer to `navigator.credentials.create()`. */
  create(options: Options, twist: Twist = {}): object {
    this.handle = (options['user'] as { id: string }).id;
    const id = Buffer.from(twist.id ?? this.id, 'base64url');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const flags = twist.flags ?? FLAGS.UP | FLAGS.UV | FLAGS.AT;
    const head = this.#authData(flags | FLAGS.AT, twist);
    const authData = Buffer.concat([head, Buffer.alloc(16), length, id, this.publicKey]);
    const [format, statement] = twist.attestation ?? ['none', new Map()];
    const attestation = new Map<string, unknown>([
      ['fmt', format],
      ['attStmt', statement],
      ['authData', new Uint8Array(authData)],
    ]);
    const client = this.#clientData(options, { type: 'webauthn.create', ...twist });
    return this.#answer(twist, {
      clientDataJSON: client.toString('base64url'),
      attestationObject: Buffer.from(isoCBOR.encode(attestation as never)).toString('base64url'),
      transports: ['internal'],
    });
  }

  /** The answer to `navigator.credentials.get()`. */
  get(options: Options, twist: Twist = {}): object {
    this.counter += 1;
    const authData = this.#authData(twist.flags ?? FLAGS.UP | FLAGS.UV, twist);
    const client = this.#clientData(options, { type: 'webauthn.get', ...twist });
    const signed = Buffer.concat([authData, createHash('sha256').update(client).digest()]);
    return this.#answer(twist, {
      clientDataJSON: client.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: sign('sha256', signed, twist.key ?? this.#keys.privateKey).toString('base64url'),
      userHandle: twist.handle ?? this.handle,
    });
  }

  #answer({ id = this.id }: Twist, response: object): object {
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
  }

  #authData(flags: number, { rpId = this.rpId, counter = this.counter }: Twist): Buffer {
    const data = Buffer.alloc(37);
    createHash('sha256').update(rpId).digest().copy(data);
    data[32] = flags;
    data.writeUInt32BE(counter, 33);
    return data;
  }

  #clientData(options: Options, { type, challenge, origin, topOrigin, crossOrigin = false }: Twist): Buffer {
    const own = { type, challenge: challenge ?? options['challenge'], origin: origin ?? this.origin };
    return Buffer.from(JSON.stringify({ ...own, crossOrigin, topOrigin }));
  }
}
