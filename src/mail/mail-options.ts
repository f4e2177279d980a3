import type { Type } from '@nestjs/common';
import {
  type Given,
  type Rule,
  type RulesOf,
  assertObject,
  assignOptions,
  flag,
  integer,
  oneOf,
  text,
} from '../common/options.js';
import { Mailer } from './mailer.js';
import type { MailKind } from './outbox-mail.js';
import { MailTemplates } from './mail-templates.js';
import { StandardTemplates } from './templates/standard-templates.js';

/**
 * Whether users prove that their address is theirs. `off`: they are not asked. `optional`: they are asked, and may sign in before.
 * `required`: they may sign in only afterwards.
 */
export type EmailVerification = 'off' | 'optional' | 'required';

/** The pages of your frontend that mails lead to. The token is in the fragment, as `#token=…`. */
export interface MailLinks {
  /** The page for a new password. Mails lead there without a token, too: it then asks for the address, for `POST /password/forgot`. */
  readonly reset: string | null;
  /** The page that proves an address. */
  readonly verify: string | null;
  /** The page that confirms a new address. */
  readonly confirm: string | null;
  /** The page that cancels the change of an address. */
  readonly cancel: string | null;
}

/** The paths below `publicUrl`. */
const PATHS: Readonly<Record<keyof MailLinks, string>> = {
  reset: '/account/reset',
  verify: '/account/verify',
  confirm: '/account/email',
  cancel: '/account/email/cancel',
};

export const EMAIL_VERIFICATION = oneOf(['off', 'optional', 'required'] satisfies EmailVerification[]);

export const PAGE_URL = text(
  (url) => /^https?:\/\/[^@#\s]+$/.test(url) && URL.canParse(url),
  'must be an http or https URL without user and fragment, such as https://app.example.com',
);

/** An address, or a name and an address in angle brackets. */
export const SENDER = /^(?:"?([^"<>\p{C}]+?)"?\s*<)?([^<>@\s"\p{C}]+@[^<>@\s"\p{C}]+?)>?$/u;

export const MAIL_FROM = text(
  (from) => SENDER.test(from) && from.includes('<') === from.endsWith('>'),
  'must be an address, such as Example <no-reply@example.com>',
);

const MAILER: Rule = (value) =>
  value instanceof Mailer || (typeof value === 'function' && value.prototype instanceof Mailer)
    ? null
    : 'must be a Mailer, such as smtp(url), or a class that extends Mailer';

const TEMPLATES: Rule = (value) =>
  value instanceof MailTemplates ? null : 'must be an instance of a class that extends MailTemplates';

const orNull =
  (rule: Rule): Rule =>
  (value, beside) =>
    value === null ? null : rule(value, beside);

/** Links come from the options alone, because a client chooses the `Host` header. */
const PUBLIC_URL: Rule = (value, { links } = {}) =>
  value === null && Object.values(Object(links) as object).every((link) => link !== null)
    ? null
    : PAGE_URL(value);

export const MAILS_PER_HOUR = integer(1, 10_000);

const RULES: RulesOf<Omit<MailOptions, 'serviceName' | 'domain' | 'link' | 'pageOf'>> = {
  mailer: MAILER,
  from: MAIL_FROM,
  service: orNull(text((name) => /^[^\p{C}]{1,60}$/u.test(name), 'must be a name of 1 to 60 characters')),
  publicUrl: PUBLIC_URL,
  links: {
    reset: orNull(PAGE_URL),
    verify: orNull(PAGE_URL),
    confirm: orNull(PAGE_URL),
    cancel: orNull(PAGE_URL),
  },
  templates: TEMPLATES,
  verification: EMAIL_VERIFICATION,
  signInNotices: flag,
  perAddress: MAILS_PER_HOUR,
  perAccount: MAILS_PER_HOUR,
  perNetwork: MAILS_PER_HOUR,
  delay: integer(0, 60_000),
  routes: flag,
};

/** The options of e-mails. An option that is left out has the default below; `mailer`, `from` and `publicUrl` have none. */
export class MailOptions {
  /** Sends the mails: an instance, such as `smtp(url)`, or a class, which Nest creates. */
  readonly mailer: Mailer | Type<Mailer> = undefined!;
  /** The sender: an address, or a name and an address, such as `Example <no-reply@example.com>`. */
  readonly from: string = undefined!;
  /** The name of your service in the texts; null for the name in `from`, or else the host of `publicUrl`. */
  readonly service: string | null = null;
  /** The URL of your frontend, from which the links in mails are made. Null if `links` has all of them. */
  readonly publicUrl: string | null = undefined!;
  /** The pages that mails lead to; null for `/account/reset`, `/account/verify`, `/account/email` and `/account/email/cancel` of `publicUrl`. */
  readonly links: MailLinks = { reset: null, verify: null, confirm: null, cancel: null };
  /** The texts. */
  readonly templates: MailTemplates = new StandardTemplates();
  readonly verification: EmailVerification = 'optional';
  /** Whether users get a mail when somebody signs in to their account from a browser and network that it does not know. */
  readonly signInNotices: boolean = true;
  /** Mails that anyone can cause, to one address in an hour. */
  readonly perAddress: number = 5;
  /** Mails of one account in an hour. */
  readonly perAccount: number = 20;
  /** Requests for mails from one network in an hour. */
  readonly perNetwork: number = 30;
  /**
   * Mails that anyone can ask for wait at random up to so many milliseconds, so that the load of making one does not tell that the
   * address has an account.
   */
  readonly delay: number = 2000;
  /** Whether the routes of the e-mail flows are served. */
  readonly routes: boolean = true;

  constructor(options: MailOptionsGiven) {
    assertObject('MailOptions', options);
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    // What has no default is checked, too.
    const all = { mailer: null, from: null, publicUrl: null, ...Object.fromEntries(given) };
    assignOptions(this, 'MailOptions', all, RULES);
  }

  /** The name of the service for people. */
  get serviceName(): string {
    const [, name] = SENDER.exec(this.from) ?? [];
    return this.service ?? name ?? new URL(this.publicUrl ?? this.links.reset!).host;
  }

  /** The domain of the sender, for the ids of messages. */
  get domain(): string {
    const [, , address = ''] = SENDER.exec(this.from) ?? [];
    return address.slice(address.lastIndexOf('@') + 1);
  }

  /** The page of a mail without a token: the one for a new password where one may be needed, otherwise `publicUrl`, which may be null. */
  pageOf(kind: MailKind): string | null {
    return kind === 'password_changed' || kind === 'address_taken' ? this.#page('reset') : this.publicUrl;
  }

  /** The page of a token. */
  link(page: keyof MailLinks, token: string): string {
    return `${this.#page(page)}#token=${token}`;
  }

  #page(page: keyof MailLinks): string {
    return this.links[page] ?? `${this.publicUrl!.replace(/\/+$/, '')}${PATHS[page]}`;
  }
}

export type MailOptionsGiven = Given<
  Omit<MailOptions, 'serviceName' | 'domain' | 'link' | 'pageOf'>,
  'links'
>;
