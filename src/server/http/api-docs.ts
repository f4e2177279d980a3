import type { ServerResponse } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { withPackages } from '../../common/with-packages.js';
import type { SecuritySchemes } from '../../http/api-description.js';
import type { Page } from '../../http/api-pages.js';
import type { RouteTable } from '../../http/route-table.js';
import type { UsersOptions } from '../../users/users-options.js';
import { pathOf } from './request-checks.js';
import type { Gate } from './server-adapter.js';

/** Content-Security-Policy of the API page. Its script writes inline styles. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Where everything is, but for the prefix. */
const PLACE = /\/(openapi\.json|docs(\/[\w.-]*)?)$/;

/** Serves the OpenAPI 3.1 document and a page for it, at the root and under the prefix. Builds them on demand. */
export function apiDocs(
  app: INestApplication,
  prefix: string,
  routes: () => RouteTable,
  schemes: SecuritySchemes,
  users: UsersOptions,
): Gate {
  type Pages = ReadonlyMap<string, Page>;
  let pages: Promise<Pages> | null = null;
  const bases = new Set(['', prefix]);
  const load = async (): Promise<Pages> => {
    const { describeApi } = await withPackages(
      { by: 'The description of the API', packages: '@nestjs/swagger' },
      () => import('../../http/api-description.js'),
    );
    const { apiPages } = await import('../../http/api-pages.js');
    const description = describeApi(app, routes(), schemes, users);
    const all = new Map<string, Page>();
    for (const base of bases)
      for (const [path, page] of await apiPages(app, description, base === prefix ? '.' : `.${prefix}`))
        all.set(base + path, page);
    return all;
  };
  const answer = async (path: string, response: ServerResponse, next: () => void) => {
    pages ??= load().catch((error: unknown) => {
      pages = null;
      throw error;
    });
    const page = (await pages).get(path);
    if (page) send(page, path, response);
    // The page resolves the URL of the API against its own URL, so it must not end with a slash.
    else if (path.endsWith('/docs/'))
      response.writeHead(308, { Location: '../docs', 'Content-Length': 0 }).end();
    else next();
  };
  return ({ method, url }, response, next) => {
    const path = pathOf(url!) ?? '';
    const base = path.search(PLACE);
    const isOurs = base >= 0 && bases.has(path.slice(0, base)) && (method === 'GET' || method === 'HEAD');
    return isOurs ? answer(path, response, next) : next();
  };
}

function send({ type, body }: Page, path: string, response: ServerResponse): void {
  if (path.endsWith('/docs')) response.setHeader('Content-Security-Policy', PAGE_POLICY);
  response.setHeader('Content-Type', type).setHeader('Content-Length', body.length).end(body);
}
