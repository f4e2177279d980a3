declare module 'cookie' {
  /** The attributes of a cookie (RFC 6265bis). */
  export interface CookieSerializeOptions {
    readonly maxAge?: number;
    readonly expires?: Date;
    readonly domain?: string;
    readonly path?: string;
    readonly httpOnly?: boolean;
    readonly secure?: boolean;
    readonly partitioned?: boolean;
    readonly sameSite?: 'lax' | 'strict' | 'none';
  }

  /** A `Set-Cookie` header, with the value percent-encoded. */
  export function serialize(name: string, value: string, options?: CookieSerializeOptions): string;
}
