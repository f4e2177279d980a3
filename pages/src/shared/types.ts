/** The JSON of the API, as far as the pages read it. */
export interface User {
  readonly id: string;
  readonly email: string;
  readonly email_verified: boolean;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly created_at: string;
  readonly role: string;
  readonly disabled?: boolean;
  readonly pending_email?: string | null;
}

export interface Session {
  readonly id: string;
  readonly current: boolean;
  readonly kind: 'session' | 'remembered' | 'access_token';
  readonly scope: 'read' | 'write';
  readonly label: string | null;
  readonly created_at: string;
  readonly last_seen_at: string;
  readonly expires_at: string | null;
  readonly ip: string | null;
  readonly device: { readonly browser: string | null; readonly os: string | null };
  readonly token?: string;
}

export interface Passkey {
  readonly id: string;
  readonly name: string;
  readonly created_at: string;
  readonly last_used_at: string | null;
  readonly backed_up: boolean;
}

export interface Factors {
  readonly totp: { readonly created_at: string } | null;
  readonly passkeys: readonly Passkey[];
  readonly recovery_codes: { readonly left: number } | null;
  readonly required: boolean;
}

export interface TotpSetup {
  readonly secret: string;
  readonly uri: string;
  readonly qr_code: string;
}

/** The rules of registration and sign-in. */
export interface Rules {
  readonly open: boolean;
  readonly setup_code_required: boolean;
  readonly waiting_for_first: boolean;
  readonly password_min_length: number;
  readonly password_max_length: number;
  readonly mail: boolean;
  readonly email_verification: 'off' | 'optional' | 'required';
  readonly transports: readonly ('cookie' | 'bearer')[];
  readonly factors: readonly ('totp' | 'passkey')[];
  readonly passkey_origins: readonly string[];
}
