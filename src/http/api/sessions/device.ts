import { BROWSER_MAP, getParser } from 'bowser';

/** What a client says that it is, in words for people; null where that cannot be told. */
export interface Device {
  readonly browser: string | null;
  /** Without a version: browsers have stopped telling the true one. */
  readonly os: string | null;
}

/** What bowser calls browsers. It takes a name that it does not know out of the user agent as it stands there. */
const BROWSERS: ReadonlySet<string> = new Set(Object.values(BROWSER_MAP));

/** The browser and the system that a user agent names; of what is no browser, the product that it names first. */
export function deviceOf(userAgent: string | null): Device {
  if (userAgent === null) return { browser: null, os: null };
  const parser = getParser(userAgent, true);
  const { name = '', version } = parser.getBrowser();
  return {
    browser: BROWSERS.has(name) ? inWords(name, version) : productOf(userAgent),
    os: parser.getOSName() || null,
  };
}

/** A name with the version as far as people know it: `Safari 18.5`, `Chrome 142`. */
function inWords(name: string, version = ''): string {
  const [number] = /^\d{1,9}(?:\.\d{1,9})?/.exec(version) ?? [];
  return number === undefined ? name : `${name} ${number.replace(/\.0$/, '')}`;
}

/** The first product of a user agent (RFC 9110, section 10.1.5), if it is a word; null where it begins with none. */
function productOf(userAgent: string): string | null {
  const [, name, version] = /^([a-z][\w.+-]{0,49})(?:\/(\S*))?(?=\s|$)/i.exec(userAgent) ?? [];
  return name === undefined ? null : inWords(name, version);
}
