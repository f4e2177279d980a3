import { isLoopbackName } from '../../common/network.js';
import { MailOptions } from '../../mail/mail-options.js';
import { fileMailer, smtp } from '../../mail/smtp.js';
import type { Rule } from './compat-rules.js';
import type { Settings } from './derived-defaults.js';
import type { Environment } from './environment.js';
import { FOLDER } from './mail-url.js';

/** The pages that mails lead to. Without `PUBLIC_URL`, all are needed. */
const PAGES = ['PUBLIC_RESET_URL', 'PUBLIC_VERIFY_URL', 'PUBLIC_CONFIRM_URL', 'PUBLIC_CANCEL_URL'] as const;

/** The variables that have no effect without mails. */
const OF_MAILS = ['MAIL_FROM', 'PUBLIC_URL', ...PAGES] as const;

/** Problems with combinations of the variables of mails. */
export function mailContradictions(given: Environment, settings: Settings): Rule[] {
  const isOff = settings.MAIL_URL === 'off';
  const { MAIL_FROM, PUBLIC_URL } = settings;
  const isPlain = (url: string | undefined) =>
    url !== undefined &&
    url.startsWith('http:') &&
    URL.canParse(url) &&
    !isLoopbackName(new URL(url).hostname);
  const production = settings.NODE_ENV === 'production';
  return [
    [
      'MAIL_URL',
      production && FOLDER.test(settings.MAIL_URL),
      'file: is for development, because nobody gets these mails; set it to a mail server, or to off',
    ],
    [
      'MAIL_FROM',
      !isOff && MAIL_FROM === undefined,
      'MAIL_URL needs a sender, such as Example <no-reply@example.com>',
    ],
    [
      'PUBLIC_URL',
      !isOff && PUBLIC_URL === undefined && PAGES.some((name) => settings[name] === undefined),
      'MAIL_URL needs the URL of your frontend, from which links in mails are made, such as https://app.example.com',
    ],
    [
      'EMAIL_VERIFICATION',
      isOff && settings.EMAIL_VERIFICATION !== 'off',
      'needs mails, which are off; set MAIL_URL to a mail server, or this to off',
    ],
    ...OF_MAILS.map((name): Rule => [
      name,
      isOff && given[name] !== undefined,
      'has no effect, because mails are off; remove it, or set MAIL_URL to a mail server',
    ]),
    ...(['PUBLIC_URL', ...PAGES] as const).map((name): Rule => [
      name,
      production && isPlain(settings[name]),
      'must begin with https:// in production, because links in mails have tokens',
    ]),
  ];
}

/** The options of mails; false if none are sent. */
export function mailOptionsOf(settings: Settings): MailOptions | false {
  const { MAIL_URL: url, MAIL_FROM, PUBLIC_URL } = settings;
  if (url === 'off') return false;
  const [, folder] = FOLDER.exec(url) ?? [];
  return new MailOptions({
    mailer: folder === undefined ? smtp(url) : fileMailer(folder),
    from: MAIL_FROM,
    service: settings.SERVICE_NAME ?? null,
    publicUrl: PUBLIC_URL ?? null,
    links: {
      reset: settings.PUBLIC_RESET_URL ?? null,
      verify: settings.PUBLIC_VERIFY_URL ?? null,
      confirm: settings.PUBLIC_CONFIRM_URL ?? null,
      cancel: settings.PUBLIC_CANCEL_URL ?? null,
    },
    verification: settings.EMAIL_VERIFICATION,
    signInNotices: settings.SIGN_IN_NOTICES === 'on',
    perAddress: settings.MAILS_PER_ADDRESS,
    perAccount: settings.MAILS_PER_ACCOUNT,
    perNetwork: settings.MAILS_PER_NETWORK,
  });
}
