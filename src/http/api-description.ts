import type { INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express/adapters/express-adapter.js';
import {
  ApiExcludeController,
  ApiProperty,
  ApiResponse,
  ApiTags,
  DocumentBuilder,
  type OpenAPIObject,
  SwaggerModule,
} from '@nestjs/swagger';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Access } from '../common/access.js';
import { type ApiNote, takeApiNotes } from '../common/api-notes.js';
import { PROBLEM_CODES } from './problem.js';
import type { RouteTable } from './route-table.js';

export type SecuritySchemes = Readonly<Record<string, Parameters<DocumentBuilder['addSecurity']>[1]>>;

type PathItem = OpenAPIObject['paths'][string];
type Operation = NonNullable<PathItem['get']>;

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
    ended_at: {
      type: 'string',
      format: 'date-time',
      description: 'Since when the session is over; told to its holder alone.',
    },
    max_age: {
      type: 'integer',
      description: 'Seconds for which a proof of the password is fresh enough (`session_not_fresh`).',
    },
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

/** The description at `/openapi.json` and its page at `/docs`, to be mounted where they are to be found. */
export function apiPages(app: INestApplication, document: OpenAPIObject): RequestHandler {
  const router = Router({ caseSensitive: true });
  const adapter = new ExpressAdapter(router);
  // Swagger adds its routes to an application, whose own come too late once it listens.
  const mount = Object.create(app, {
    getHttpAdapter: { value: () => adapter },
    useStaticAssets: { value: adapter.useStaticAssets.bind(adapter) },
  }) as INestApplication;
  SwaggerModule.setup('/docs', mount, document, { raw: false });
  router.get('/openapi.json', (_: Request, response: Response) =>
    app.getHttpAdapter().reply(response, document),
  );
  return router;
}

/** The description of the API, its security taken from the metadata that the guards decide by. */
export function describeApi(
  app: INestApplication,
  { routes }: RouteTable,
  schemes: SecuritySchemes,
): OpenAPIObject {
  takeApiNotes().forEach(pass);
  const builder = new DocumentBuilder().setTitle('Coatcheck').setVersion('1').setOpenAPIVersion('3.1.0');
  for (const [name, scheme] of Object.entries(schemes)) builder.addSecurity(name, scheme);
  const document = SwaggerModule.createDocument(app, builder.build());
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: PROBLEM_SCHEMA },
  };
  for (const { method, path, access, maxAge } of routes) {
    const item = document.paths[path.replace(/[:*](\w+)/g, '{$1}')] ?? {};
    for (const operation of operationsOf(item, method)) {
      operation.security = securityOf(access, Object.keys(schemes));
      if (maxAge !== null) operation.description = stepUpOf(maxAge);
      operation.responses = { ...operation.responses, default: PROBLEM_RESPONSE };
    }
  }
  return document;
}

/** Tells Swagger what one of our decorators noted. */
function pass(note: ApiNote): void {
  if (note.on === 'controller' && note.tag === null) ApiExcludeController()(...note.place);
  else if (note.on === 'controller') ApiTags(note.tag!)(...note.place);
  else if (note.on === 'handler') ApiResponse({ ...note.answer })(...note.place);
  else ApiProperty({ ...note.field })(...note.place);
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

function stepUpOf(maxAge: number): string {
  return `May ask for a proof of the password within the last ${maxAge / 1000} seconds: 403 \`session_not_fresh\`.`;
}

function securityOf(access: Access, schemes: readonly string[]): Record<string, string[]>[] {
  if (access === 'public') return [];
  const required = schemes.map((name) => ({ [name]: [] }));
  return access === 'optional' ? [{}, ...required] : required;
}
