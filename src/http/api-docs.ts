import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import type { Access } from '../common/access.js';
import { PROBLEM_CODES } from './problem.js';
import type { RouteTable } from './route-table.js';

export type SecuritySchemes = Readonly<Record<string, Parameters<DocumentBuilder['addSecurity']>[1]>>;

type PathItem = OpenAPIObject['paths'][string];
type Operation = NonNullable<PathItem['get']>;

/** What the page of the API may load: its own files, and the styles that its script writes. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PROBLEM_SCHEMA = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail', 'error', 'requestId'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: PROBLEM_CODES, description: 'Stable; decide by it.' },
    detail: { type: 'string' },
    error: { type: 'string' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: { pointer: { type: 'string' }, detail: { type: 'string' } },
      },
    },
  },
};

/** Serves the description of the API (OpenAPI 3.1) and a page to read it, at the root and under the prefix. */
export function serveApiDocs(
  app: INestApplication,
  prefix: string,
  routes: () => RouteTable,
  schemes: SecuritySchemes,
): void {
  const adapter = app.getHttpAdapter();
  let document: OpenAPIObject | null = null;
  const describe = () => (document ??= describeApi(app, routes(), schemes));
  for (const base of new Set(['', prefix])) {
    app.use(`${base}/docs`, (_: Request, response: Response, next: NextFunction) => {
      response.setHeader('Content-Security-Policy', PAGE_POLICY);
      next();
    });
    SwaggerModule.setup(`${base}/docs`, app, describe, { raw: false });
    adapter.get(`${base}/openapi.json`, (_: Request, response: Response) =>
      adapter.reply(response, describe()),
    );
  }
}

/** The description of the API, its security taken from the metadata that the guards decide by. */
export function describeApi(
  app: INestApplication,
  { routes }: RouteTable,
  schemes: SecuritySchemes,
): OpenAPIObject {
  const builder = new DocumentBuilder().setTitle('Coatcheck').setVersion('1').setOpenAPIVersion('3.1.0');
  for (const [name, scheme] of Object.entries(schemes)) builder.addSecurity(name, scheme);
  const document = SwaggerModule.createDocument(app, builder.build());
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: PROBLEM_SCHEMA },
  };
  for (const { method, path, access } of routes) {
    const item = document.paths[path.replace(/[:*](\w+)/g, '{$1}')] ?? {};
    for (const operation of operationsOf(item, method)) {
      operation.security = securityOf(access, Object.keys(schemes));
      operation.responses = { ...operation.responses, default: PROBLEM_RESPONSE };
    }
  }
  return document;
}

/** Those of one method, or of every one; none for a route that is left out of the description. */
function operationsOf(item: PathItem, method: string): Operation[] {
  if (method === 'ALL') return Object.values(item) as Operation[];
  const operation = item[method.toLowerCase() as 'get'];
  return operation ? [operation] : [];
}

const PROBLEM_RESPONSE = {
  description: 'A problem (RFC 9457).',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

function securityOf(access: Access, schemes: readonly string[]): Record<string, string[]>[] {
  if (access === 'public') return [];
  const required = schemes.map((name) => ({ [name]: [] }));
  return access === 'optional' ? [{}, ...required] : required;
}
