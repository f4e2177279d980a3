import type { INestApplication } from '@nestjs/common';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { withPackages } from '../../common/with-packages.js';
import type { SecuritySchemes } from '../../http/api-description.js';
import type { RouteTable } from '../../http/route-table.js';
import type { UsersOptions } from '../../users/users-options.js';

/** Content-Security-Policy of the API page. Its script writes inline styles. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: ReadonlySet<string> = new Set(['/docs', '/docs/']);

/** The served paths. Other files of Swagger UI, such as package.json, would reveal its version. */
const SERVED: ReadonlySet<string> = new Set([
  '/openapi.json',
  ...PAGE,
  '/docs/swagger-ui-init.js',
  '/docs/swagger-ui-bundle.js',
  '/docs/swagger-ui-standalone-preset.js',
  '/docs/swagger-ui.css',
  '/docs/favicon-16x16.png',
  '/docs/favicon-32x32.png',
]);

/** Serves the OpenAPI 3.1 document and a page for it, at the root and under the prefix. Builds them on demand. */
export function serveApiDocs(
  app: INestApplication,
  prefix: string,
  routes: () => RouteTable,
  schemes: SecuritySchemes,
  users: UsersOptions,
): void {
  type Pages = ReadonlyMap<string, RequestHandler>;
  let pages: Promise<Pages> | null = null;
  const bases = new Set(['', prefix]);
  const load = async (): Promise<Pages> => {
    const { apiPages, describeApi } = await withPackages(
      { by: 'The description of the API', packages: '@nestjs/swagger' },
      () => import('../../http/api-description.js'),
    );
    const description = describeApi(app, routes(), schemes, users);
    const serverFrom = (base: string) => (base === prefix ? '.' : `.${prefix}`);
    return new Map([...bases].map((base) => [base, apiPages(app, description, serverFrom(base))]));
  };
  for (const base of bases) {
    app.use(base || '/', async (request: Request, response: Response, next: NextFunction) => {
      if (!['GET', 'HEAD'].includes(request.method) || !SERVED.has(request.path)) return next();
      if (PAGE.has(request.path)) response.setHeader('Content-Security-Policy', PAGE_POLICY);
      pages ??= load().catch((error: unknown) => {
        pages = null;
        throw error;
      });
      return (await pages).get(base)!(request, response, next);
    });
  }
}
