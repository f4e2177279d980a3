/** What a mail is about. The templates have a text for each. */
export const MAIL_KINDS = [
  'verify_email',
  'reset_password',
  'address_taken',
  'invitation',
  'confirm_address',
  'address_changing',
  'address_changed',
  'address_change_cancelled',
  'password_changed',
  'new_sign_in',
  'access_token_created',
  'factors_changed',
  'test',
] as const;

export type MailKind = (typeof MAIL_KINDS)[number];

/** What has happened to the second factors of an account. */
export const FACTOR_CHANGES = [
  'totp_added',
  'totp_removed',
  'passkey_added',
  'passkey_removed',
  'recovery_codes_created',
  'recovery_code_used',
  'reset',
] as const;

export type FactorChange = (typeof FACTOR_CHANGES)[number];

/** What the composer needs to know of the cause of a mail. No value is a secret. */
export interface MailFacts {
  /** The credential version of the user when the mail was caused. */
  readonly credentialVersion?: number;
  /** The other address of a change. */
  readonly otherAddress?: string;
  /** The client that caused the mail. */
  readonly ip?: string | null;
  readonly userAgent?: string | null;
  /** The change of an address that the mail belongs to. */
  readonly changeId?: string;
  /** The label of an access token. */
  readonly label?: string | null;
  readonly factorChange?: FactorChange;
}

/**
 * A mail that is to be sent. It contains no token: the token of a mail is issued when the mail is composed, so that the database
 * never contains it, and so that its time begins when the mail leaves.
 */
export interface OutboxMail {
  /** Ids are in order of time. The id is also that of the message (`Message-ID`). */
  readonly id: string;
  readonly kind: MailKind;
  /** The address that the mail was caused for. The composer may choose another spelling of the same address. */
  readonly to: string;
  /** The user it is for; null if only the address is known. */
  readonly userId: string | null;
  /** The language of the request that caused the mail, such as `en`. */
  readonly language: string;
  readonly facts: MailFacts;
  readonly createdAt: Date;
}
