import type { IncomingMessage, ServerResponse } from 'node:http';
import Negotiator from 'negotiator';
import { pathOf } from '../http/request-checks.js';
import type { Gate } from '../http/server-adapter.js';
import { PAGE_FOLDERS } from './page-folders.js';
import { type PageFile, PageFiles, htmlFile } from './page-files.js';

/** What the pages are told. */
export interface PageSettings {
  /** Path prefix of the API. */
  readonly prefix: string;
  /** Other origins that a sign-in may lead back to. */
  readonly trustedOrigins: readonly string[];
  /** The name of the service; null for none. */
  readonly service: string | null;
}

/** Content-Security-Policy of the pages. No other page may embed them, and no script may write HTML. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'self'; " +
  "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const YEAR = 365 * 24 * 60 * 60;

const FOLDER = `/(${PAGE_FOLDERS.join('|')})`;

/** The files below a folder, and the pages: their names have no dots. */
const ASSET = new RegExp(`^${FOLDER}/assets/([\\w.-]+)$`);
const PAGE = new RegExp(`^${FOLDER}((?:/[a-z-]*){0,4})$`);

/**
 * Serves the pages for people: every path of their folders, and the scripts and styles below `assets`. The root leads to
 * the account, unless the API is there.
 */
export function pages(settings: PageSettings): Gate {
  const files = new PageFiles();
  const shells = new Map<string, PageFile>();
  /** The HTML for pages of one depth below their folder; -1 for the folder without a slash at its end. */
  const shell = (folder: string, depth: number): PageFile => {
    const key = `${folder} ${depth}`;
    const known = shells.get(key) ?? htmlFile(htmlFor(files, folder, depth, settings));
    shells.set(key, known);
    return known;
  };
  return (request, response, next) => {
    const { method, url } = request;
    if (method !== 'GET' && method !== 'HEAD') return next();
    const path = pathOf(url!) ?? '';
    if (path === '/' && settings.prefix !== '') {
      response.statusCode = 303;
      return response.setHeader('Location', PAGE_FOLDERS[0]).end();
    }
    const file = files.assets.get(ASSET.exec(path)?.[2] ?? '');
    if (file) {
      response.setHeader('Cache-Control', `public, max-age=${YEAR}, immutable`);
      return send(request, response, file);
    }
    const [, folder, page] = PAGE.exec(path) ?? [];
    if (folder === undefined || page === undefined || page.startsWith('/assets')) return next();
    response.setHeader('Content-Security-Policy', POLICY);
    return send(request, response, shell(folder, page.split('/').length - 2));
  };
}

/** The HTML of a folder's pages: URLs in it are relative to the folder, whatever path a proxy adds in front. */
function htmlFor(
  files: PageFiles,
  folder: string,
  depth: number,
  { prefix, trustedOrigins, service }: PageSettings,
): string {
  const base = depth < 0 ? `${folder}/` : '../'.repeat(depth) || './';
  const content = { api: `..${prefix}`, origins: trustedOrigins, service };
  const head = `<base href="${base}" /><meta name="coatcheck" content="${escaped(JSON.stringify(content))}" />`;
  return files.html.get(folder)!.replace('<head>', () => `<head>${head}`);
}

function escaped(text: string): string {
  return text.replace(/[&"<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function send(request: IncomingMessage, response: ServerResponse, { type, encoded }: PageFile): void {
  const [encoding = 'identity'] = new Negotiator(request).encodings(['br', 'gzip', 'identity']);
  const body = encoded[encoding as keyof typeof encoded];
  if (encoding !== 'identity') response.setHeader('Content-Encoding', encoding);
  response.setHeader('Vary', 'Accept-Encoding').setHeader('Content-Type', type);
  response.setHeader('Content-Length', body.length).end(body);
}
