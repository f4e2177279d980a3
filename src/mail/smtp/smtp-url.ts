import { domainToASCII } from 'node:url';
import { isLoopbackName } from '../../common/network.js';

/** The parts of the URL of a mail server. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** From the first byte, with STARTTLS before anything is sent, with STARTTLS if it is offered, or not at all. */
  readonly tls: 'implicit' | 'starttls' | 'offered' | 'off';
  readonly login: { readonly user: string; readonly password: string } | null;
}

const PORTS = { 'smtp:': 587, 'smtps:': 465 } as const;

const EXAMPLE = 'smtp://user:password@host:587 or smtps://user:password@host:465';

/** What is wrong with the URL of a mail server and how to correct it; null if it is valid. Contains no values of the URL. */
export function faultOfSmtpUrl(url: string): string | null {
  const found = read(url);
  return typeof found === 'string' ? found : null;
}

/** The parts of a valid URL. Throws if it is not valid. */
export function smtpServerOf(url: string): SmtpServer {
  const found = read(url);
  if (typeof found === 'string') throw new Error(`The URL of the mail server ${found}.`);
  return found;
}

/** What no log may contain, although mail servers may repeat it. */
export function secretsOf({ login }: SmtpServer): string[] {
  return login ? [login.password, login.user] : [];
}

/** The parts of a URL, or its fault. */
function read(text: string): SmtpServer | string {
  if (!URL.canParse(text) || /\s/.test(text))
    return `must be like ${EXAMPLE}; encode other signs than letters and digits in the password, such as %23 for #`;
  const url = new URL(text);
  const { protocol } = url;
  if (!isScheme(protocol)) return `must begin with smtp:// or smtps://, as in ${EXAMPLE}`;
  const parts = [url.username, url.password, url.hostname].map(decoded);
  const [user, password, host] = parts;
  if (user === undefined || password === undefined || host === undefined)
    return 'has a percent sign that encodes nothing; write %25 for it';
  const name = host.startsWith('[') ? host.slice(1, -1) : domainToASCII(host);
  if (name === '') return `must name a host, as in ${EXAMPLE}`;
  if (!/^\/?$/.test(url.pathname) || url.hash !== '')
    return 'must end after the port and the parameters; encode / and # in the password as %2F and %23';
  if ((user === '') !== (password === '')) return 'must have both a user and a password, or neither';
  const { tls = null, ...others } = Object.fromEntries(url.searchParams);
  if (Object.keys(others).length > 0 || url.searchParams.getAll('tls').length > 1)
    return 'has a parameter that does not exist; there is tls=required or tls=off; encode ? in the password as %3F';
  if (tls !== null && (protocol === 'smtps:' || !/^(required|off)$/.test(tls)))
    return 'may have tls=required or tls=off after smtp://, and neither after smtps://';
  const isLocal = isLoopbackName(name);
  if (tls === 'off' && !isLocal && password !== '')
    return 'must not send a password to another machine without TLS; remove tls=off';
  return {
    host: name,
    port: url.port === '' ? PORTS[protocol] : Number(url.port),
    tls:
      protocol === 'smtps:'
        ? 'implicit'
        : tls === 'off'
          ? 'off'
          : isLocal && tls === null
            ? 'offered'
            : 'starttls',
    login: password === '' ? null : { user, password },
  };
}

function isScheme(protocol: string): protocol is keyof typeof PORTS {
  return Object.hasOwn(PORTS, protocol);
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
