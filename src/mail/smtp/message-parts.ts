import { hasInvisible } from '../../common/visible.js';
import { type MailMessage, MailRefusedError } from '../mailer.js';

/** A message as Nodemailer takes it. The recipient is one address, whatever it contains. */
export function partsOf(message: MailMessage) {
  if (hasInvisible(message.to) || /[\s<>]/.test(message.to))
    throw new MailRefusedError('The address has characters that no address has.');
  return {
    messageId: message.messageId,
    date: message.createdAt,
    from: message.from,
    to: { name: '', address: message.to },
    subject: message.subject,
    text: message.text,
    html: message.html,
    headers: { 'Auto-Submitted': 'auto-generated', 'Content-Language': message.language },
    xMailer: false as const,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
