import type { FactorChange, MailKind } from './outbox-mail.js';

/** What a template may say. Texts are as people typed them, and must be escaped in HTML. */
export interface MailContent {
  readonly kind: MailKind;
  /** The name of the product or service. */
  readonly service: string;
  /** The recipient. */
  readonly to: string;
  /** The first name of the user; null if it is not known. */
  readonly name: string | null;
  /** The page that the mail leads to, with its token in the fragment; null for a mail without one. */
  readonly link: string | null;
  /** How long the link is valid, in milliseconds; null for a mail without one. */
  readonly validFor: number | null;
  /** When the event happened. */
  readonly at: Date;
  /** The browser or program that caused the mail, such as `Firefox on Linux`; null if it is not known. */
  readonly device: string | null;
  readonly ip: string | null;
  /** The other address of a change. */
  readonly otherAddress: string | null;
  /** The label of an access token. */
  readonly label: string | null;
  readonly factorChange: FactorChange | null;
}

export interface RenderedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Writes the texts of mails. Provide a subclass to use your own. */
export abstract class MailTemplates {
  /** The languages that the templates have, such as `en`, the default first. */
  abstract readonly languages: readonly [string, ...string[]];
  /** The mail in one of `languages`. */
  abstract render(content: MailContent, language: string): RenderedMail | Promise<RenderedMail>;
}
