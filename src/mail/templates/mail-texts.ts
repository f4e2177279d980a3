import type { FactorChange, MailKind } from '../outbox-mail.js';

/** What the texts may say: shortened, in one line, and not yet escaped. */
export interface TextFacts {
  readonly service: string;
  readonly to: string;
  /** How long the link is valid, such as `30 minutes`; null for a mail without one. */
  readonly validFor: string | null;
  readonly otherAddress: string | null;
  readonly label: string | null;
  readonly factorChange: FactorChange | null;
}

/** The text of a mail. Each item of a list is a paragraph. */
export interface MailText {
  readonly subject: string;
  /** What happened. */
  readonly before: readonly string[];
  /** The label of the button; it is shown if the mail has a link. */
  readonly button: string | null;
  /** What to do if it was not the recipient. */
  readonly after: readonly string[];
}

/** What happened to the second factors; `other` if it is not known. */
export type FactorTexts = Readonly<Record<FactorChange | 'other', string>>;

/** All texts in one language. */
export interface MailTexts {
  /** The language with its region, for dates and numbers. */
  readonly locale: string;
  readonly greeting: (name: string | null) => string;
  /** Above the link as a text. */
  readonly linkHint: string;
  readonly when: string;
  readonly device: string;
  readonly ip: string;
  readonly footer: (facts: TextFacts) => string;
  readonly kinds: Readonly<Record<MailKind, (facts: TextFacts) => MailText>>;
}
