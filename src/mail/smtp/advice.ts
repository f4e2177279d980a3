import { reasonOf } from '../reason.js';
import { type SmtpServer, secretsOf } from './smtp-url.js';

/** What Nodemailer says of an error. */
export interface Failure {
  readonly message?: string;
  readonly code?: string;
  /** The code of a system error that `code` has replaced. */
  readonly originalCode?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly command?: string;
}

/** Why a test mail was not accepted, and what the operator can do. Contains neither user nor password. */
export function adviceOn(error: unknown, to: string, server: SmtpServer): string {
  const failure: Failure = Object(error);
  const { command = '', responseCode = 0, code } = failure;
  const place = `${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`;
  const reply = reasonOf(responseCode ? new Error(failure.response) : error, to, secretsOf(server)).replace(
    /\.$/,
    '',
  );
  if (command === 'MAIL FROM' && code === 'EENVELOPE' && responseCode >= 500)
    return `MAIL_FROM: ${place} refused the sender: ${reply}. Set an address that this mail server may send for.`;
  if ((code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== 421)
    return `--to: ${place} refused the mail: ${reply}. Check the address, and what the mail server lets you send.`;
  return `MAIL_URL: ${adviceOnServer(failure, server, place, reply)}`;
}

function adviceOnServer(
  { message = '', code, originalCode = code, command }: Failure,
  { host, tls }: SmtpServer,
  place: string,
  reply: string,
): string {
  const says = (pattern: RegExp) => pattern.test(`${originalCode} ${message}`);
  if (code === 'EAUTH')
    return `${place} did not accept the login: ${reply}. Check the user and the password. Write other signs than letters and digits percent-encoded, such as %40 for @.`;
  if (command === 'STARTTLS' && code === 'ETLS')
    return `${place} does not offer STARTTLS. Use the port of the mail server that does, often 587, or smtps:// with its port, often 465.`;
  if (says(/CERT_HAS_EXPIRED|certificate has expired/))
    return `the certificate of ${place} has expired. Renew it at the mail server.`;
  if (says(/ALTNAME|altnames/))
    return `the certificate of ${place} is for another name. Set the host to a name in the certificate.`;
  if (says(/SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)|self-signed|unable to (?:get|verify)/i))
    return `the certificate of ${place} is not trusted: ${reply}. Use one of a public authority, or name the file of your authority in NODE_EXTRA_CA_CERTS.`;
  if (tls === 'implicit' && says(/wrong version number|WRONG_VERSION|packet length|unknown protocol/i))
    return `${place} does not begin with TLS. Use smtp:// for this port, or smtps:// with the port that does, often 465.`;
  if (says(/ECONNREFUSED/))
    return `${place} refused the connection. Check the host and the port, and that the mail server runs.`;
  if (says(/ENOTFOUND|EAI_AGAIN/) || code === 'EDNS')
    return `the host of ${place} is not known. Check the name ${host}, and the DNS of this machine.`;
  if (code === 'ETIMEDOUT' || code === 'EABORT' || says(/ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/))
    return `${place} did not answer in time. Check the host, the port and the firewall.${tls === 'implicit' ? '' : ' A port that begins with TLS, such as 465, needs smtps://.'}`;
  return `${place} did not accept the mail: ${reply}. Check the host and the port, and the log of the mail server.`;
}
