import { BROWSER_MAP, getParser } from 'bowser';

/** The browser and the operating system that a client names, in words for people; null if unknown. */
export interface Device {
  readonly browser: string | null;
  /** Without a version, because browsers no longer send the real one. */
  readonly os: string | null;
}

/** The browser names that bowser knows. For others, it returns unchecked text from the `User-Agent`. */
const BROWSERS: ReadonlySet<string> = new Set(Object.values(BROWSER_MAP));

/** The browser and the operating system in a `User-Agent`; for other clients, the first product in it. */
export function deviceOf(userAgent: string | null): Device {
  if (userAgent === null) return { browser: null, os: null };
  const parser = getParser(userAgent, true);
  const { name = '', version } = parser.getBrowser();
  return {
    browser: BROWSERS.has(name) ? inWords(name, version) : productOf(userAgent),
    os: parser.getOSName() || null,
  };
}

/** A name with a short version: `Safari 18.5`, `Chrome 142`. */
function inWords(name: string, version = ''): string {
  const [number] = /^\d{1,9}(?:\.\d{1,9})?/.exec(version) ?? [];
  return number === undefined ? name : `${name} ${number.replace(/\.0$/, '')}`;
}

/** The first product of a `User-Agent` (RFC 9110, section 10.1.5); null if it begins with something else. */
function productOf(userAgent: string): string | null {
  const [, name, version] = /^([a-z][\w.+-]{0,49})(?:\/(\S*))?(?=\s|$)/i.exec(userAgent) ?? [];
  return name === undefined ? null : inWords(name, version);
}
