import type { Rule } from '../../common/options.js';
import { faultOfSmtpUrl } from '../../mail/smtp.js';

/** A folder that mails are written to. */
export const FOLDER = /^file:(.+)$/;

/** The rule of where mails go: a mail server, a folder, or nowhere. */
export const MAIL_URL: Rule = (value) => {
  const url = String(value);
  if (url === 'off' || FOLDER.test(url)) return null;
  return /^smtps?:/.test(url) ? faultOfSmtpUrl(url) : 'must be smtp://…, smtps://…, file:<folder> or off';
};
