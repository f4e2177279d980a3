import { Secret, TOTP } from 'otpauth';
import { renderSVG } from 'uqr';

/** Seconds of a time step, and digits of a code (RFC 6238, section 4, and RFC 4226, section 5.3). */
const PERIOD = 30;
const DIGITS = 6;

/** Digits of ASCII. The library also takes those of other scripts. */
const CODE = /^[0-9]{6}$/;

/** Bytes of a secret (RFC 4226, section 4, R6). */
const SECRET_BYTES = 20;

/** How many steps a code may be early or late (RFC 6238, section 5.2). */
const WINDOW = 1;

/** What an authenticator app needs. */
export interface TotpSetup {
  /** Base32, to type in. */
  readonly secret: string;
  /** `otpauth://…` */
  readonly uri: string;
  /** The URI as a QR code, in SVG. */
  readonly qrCode: string;
}

/** Makes secrets for authenticator apps, and checks their codes (TOTP, RFC 6238). */
export class AuthenticatorApps {
  /** `service` is the name that apps show. */
  constructor(private readonly service: string) {}

  newSecret(): Uint8Array {
    return new Secret({ size: SECRET_BYTES }).bytes;
  }

  /** What an app needs to make the codes of a secret. `label` is the account that it shows. */
  setup(secret: Uint8Array, label: string): TotpSetup {
    const totp = totpOf(secret, { issuer: this.service, label });
    const uri = totp.toString();
    return { secret: totp.secret.base32, uri, qrCode: renderSVG(uri) };
  }

  /** The time step of a code that is valid now and later than `lastStep`; null for any other code. */
  stepOf(secret: Uint8Array, code: string, now: Date, lastStep: number): number | null {
    if (!CODE.test(code)) return null;
    const timestamp = now.getTime();
    const delta = totpOf(secret).validate({ token: code, timestamp, window: WINDOW });
    const step = delta === null ? null : Math.floor(timestamp / 1000 / PERIOD) + delta;
    return step !== null && step > lastStep ? step : null;
  }
}

function totpOf(secret: Uint8Array, names: { readonly issuer?: string; readonly label?: string } = {}): TOTP {
  const bytes = new Secret({ buffer: new Uint8Array(secret).buffer });
  return new TOTP({ ...names, algorithm: 'SHA1', digits: DIGITS, period: PERIOD, secret: bytes });
}
