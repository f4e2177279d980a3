/** What the server tells the pages. */
interface Settings {
  /** URL of the API, relative to the folder of the pages. */
  readonly api: string;
  /** Other origins that a sign-in may lead back to. */
  readonly origins: readonly string[];
  /** The name of the service; null for none. */
  readonly service: string | null;
}

const written = document.querySelector<HTMLMetaElement>('meta[name="coatcheck"]')?.content;
export const settings: Settings = written
  ? (JSON.parse(written) as Settings)
  : { api: '../api/v1', origins: [], service: null };

/** The folder of the pages: the server writes it into `<base>`, relative to the URL that the browser sees. */
const root = new URL('.', document.baseURI);

/** The folder as a path, such as `/account/`. */
export const ROOT = root.pathname;

/** Path of a page of this folder. */
export function to(page: string): string {
  return ROOT + page;
}

/** Path of a page of the account, from any folder. */
export function inAccount(page: string): string {
  return new URL(`../account/${page}`, root).pathname;
}

/** Path of a page of the administration, from any folder. */
export function inAdmin(page: string): string {
  return new URL(`../admin/${page}`, root).pathname;
}

/** URL of a route of the API. */
export function apiUrl(path: string): URL {
  return new URL(settings.api + path, root);
}

/**
 * Where the person wanted to go: `next` of the query, if it is on this origin or on one that the server trusts. Null if it is absent
 * or leads elsewhere, or to the sign-in page.
 */
export function nextPlace(search: string = location.search): string | null {
  const next = new URLSearchParams(search).get('next');
  if (next === null || !URL.canParse(next, location.href)) return null;
  const url = new URL(next, location.href);
  if (url.origin === location.origin && url.pathname === to('sign-in')) return null;
  const isOurs = url.origin === location.origin || settings.origins.includes(url.origin);
  return isOurs && /^https?:$/.test(url.protocol) && url.username + url.password === '' ? url.href : null;
}

/** The sign-in page, which leads back to the current page. */
export function signInPlace(): string {
  const here = location.pathname + location.search;
  return `${inAccount('sign-in')}?${new URLSearchParams({ next: here })}`;
}

/** Query for another page before the sign-in, which keeps `next`. */
export function withNext(page: string): string {
  const next = new URLSearchParams(location.search).get('next');
  return next === null ? to(page) : `${to(page)}?${new URLSearchParams({ next })}`;
}
