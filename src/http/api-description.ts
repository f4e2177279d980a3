import type { INestApplication } from '@nestjs/common';
import {
  ApiBody,
  ApiExcludeController,
  ApiExcludeEndpoint,
  ApiExtension,
  ApiOperation,
  ApiProperty,
  ApiQuery,
  ApiResponse,
  ApiTags,
  DocumentBuilder,
  type OpenAPIObject,
  SwaggerModule,
} from '@nestjs/swagger';
import type { Access } from '../auth/decorators/access.js';
import { type ApiNote, type FieldFacts, type Tag, takeApiNotes } from './api-notes.js';
import type { ErrorCode } from '../common/refusals.js';
import { API_HEADERS, headerReferences } from './api-headers.js';
import { LEFT_OUT } from './coatcheck-controller.js';
import { SHARED_RESPONSES, refusalCodes, refusalResponses } from './api-refusals.js';
import { PROBLEM_CODES } from '../common/problem.js';
import type { Route, RouteTable } from './route-table.js';
import type { UsersOptions } from '../users/users-options.js';
import { forUsers } from './users-description.js';

export type SecuritySchemes = Readonly<Record<string, Parameters<DocumentBuilder['addSecurity']>[1]>>;

type PathItem = OpenAPIObject['paths'][string];
type Operation = NonNullable<PathItem['get']> & { [REFUSALS]?: ErrorCode[]; [OPTIONAL_BODY]?: true };

/** Extension that keeps the codes of a handler's own refusals until its responses are described. */
const REFUSALS = 'x-refusals';

/** Extension that marks an optional body until then. */
const OPTIONAL_BODY = 'x-optional-body';

const TAGS: Readonly<Record<Tag, string>> = {
  session: 'Sign in and out, and see and end sessions and access tokens.',
  factors: 'Authenticator apps, passkeys and recovery codes, and signing in with them.',
  users: 'Accounts and their passwords.',
  audit: 'Security events, for administrators.',
  service: 'The state of the server.',
};

const DESCRIPTION = [
  'Authentication for NestJS that you own.',
  'Bodies are JSON of at most 16 KiB. Refusals are problem details (RFC 9457): decide by `code`, which is stable.',
].join(' ');

const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'A refusal (RFC 9457).',
  required: ['type', 'title', 'status', 'code', 'detail', 'error', 'requestId'],
  properties: {
    type: { type: 'string', description: 'Always `about:blank`.' },
    title: { type: 'string', description: 'The reason phrase of the status.' },
    status: { type: 'integer' },
    code: {
      type: 'string',
      enum: PROBLEM_CODES,
      description: 'The stable code of the refusal, for programs.',
    },
    detail: { type: 'string', description: 'A sentence for people: what happened and what to do.' },
    error: { type: 'string', description: 'The refusal in a few words.' },
    requestId: { type: 'string', description: 'The id of the request, as in `X-Request-Id` and in the log.' },
    ended_at: {
      type: 'string',
      format: 'date-time',
      description: 'When the presented session ended. Only the client that presents its token gets this.',
    },
    proofs: {
      type: 'array',
      items: { type: 'string' },
      description:
        'With `session_not_fresh`, the kinds of proofs of which one is required; any if it is absent.',
    },
    max_age: {
      type: 'integer',
      description: 'How many seconds old the proof may be (`session_not_fresh`).',
    },
    factors: {
      type: 'array',
      items: { type: 'string' },
      description:
        'The kinds of second factors of which one finishes the sign-in (`second_factor_required`); none where one must be set up first (`factor_setup_required`).',
    },
    expires_at: {
      type: 'string',
      format: 'date-time',
      description:
        'Until when the sign-in can be finished (`second_factor_required`, `factor_setup_required`).',
    },
    pending_token: {
      type: 'string',
      description: 'The token that finishes the sign-in, as a bearer token, where no cookie carries it.',
    },
    errors: {
      type: 'array',
      description: 'The fields that are not valid (`validation_failed`).',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: { type: 'string', description: 'A JSON pointer (RFC 6901) to the field.' },
          detail: { type: 'string', description: 'What is wrong with it.' },
        },
      },
    },
  },
};

const EMPTY_SCHEMA = {
  type: 'object',
  description: 'An empty object.',
  additionalProperties: false,
};

/** The OpenAPI description. Its security and refusals come from the metadata that the guards use. */
export function describeApi(
  app: INestApplication,
  { routes, prefix }: RouteTable,
  schemes: SecuritySchemes,
  users: UsersOptions,
): OpenAPIObject {
  const notes = takeApiNotes();
  notes.forEach((note) => pass(note, notes));
  const builder = new DocumentBuilder()
    .setTitle('Coatcheck')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setOpenAPIVersion('3.1.0');
  for (const [name, scheme] of Object.entries(schemes)) builder.addSecurity(name, scheme);
  const document = SwaggerModule.createDocument(app, builder.build(), { ignoreGlobalPrefix: true });
  Object.assign(document.info, {
    contact: { name: 'Coatcheck' },
    license: { name: 'MIT', identifier: 'MIT' },
  });
  for (const route of routes) {
    const path = route.path.slice(prefix.length).replace(/[:*](\w+)/g, '{$1}') || '/';
    for (const operation of operationsOf(document.paths[path] ?? {}, route.method))
      complete(operation, route, Object.keys(schemes));
  }
  if (!document.paths['/password/forgot']) delete document.paths['/users']?.post?.responses['202']; // sends no mails
  const tags = new Set(allOperations(document).flatMap((operation) => operation.tags ?? []));
  document.tags = Object.entries(only(TAGS, (name) => tags.has(name))).map(([name, description]) => ({
    name,
    description,
  }));
  const used = JSON.stringify(document.paths);
  const responses = only(SHARED_RESPONSES, (name) => used.includes(`/responses/${name}"`));
  document.components = {
    ...document.components,
    schemas: {
      ...forUsers(document.components?.schemas ?? {}, users),
      Problem: PROBLEM_SCHEMA,
      Empty: EMPTY_SCHEMA,
    },
    headers: only(API_HEADERS, (name) => used.includes(`/headers/${name}"`)),
    responses,
  } as OpenAPIObject['components'];
  return document;
}

/** The entries whose names pass. */
function only<T>(entries: Readonly<Record<string, T>>, passes: (name: string) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter(([name]) => passes(name)));
}

/** Passes the note of one of our decorators to Swagger. */
function pass(note: ApiNote, all: readonly ApiNote[]): void {
  if (note.on === 'controller') {
    ApiTags(note.tag)(...note.place);
    Reflect.defineMetadata(LEFT_OUT, [false], note.place[0]);
  } else if (note.on === 'field') ApiProperty({ ...note.field })(...note.place);
  else if (note.on === 'hidden') hide(...note.place);
  else if (note.on === 'input') describeInput(note, all);
  else if (note.on === 'action') {
    const { id, summary, description, refusals = [], optionalBody } = note.action;
    ApiOperation({ operationId: id, summary, description })(...note.place);
    ApiExtension(REFUSALS, [...refusals])(...note.place);
    if (optionalBody) ApiExtension(OPTIONAL_BODY, true)(...note.place);
  } else {
    const { headers = [], text, ...answer } = note.answer;
    const isEmpty = answer.type === undefined && answer.schema === undefined && text === undefined;
    ApiResponse({
      ...answer,
      ...(isEmpty && { schema: { $ref: '#/components/schemas/Empty' } }),
      ...(text && { content: { [text]: { schema: { type: 'string' } } } }),
      headers: headerReferences(['X-Request-Id', ...headers]),
    })(...note.place);
  }
}

/** Describes the class of a body, or each field of the class of a query. */
function describeInput(
  { place: [target, name], part, dto }: Extract<ApiNote, { on: 'input' }>,
  all: readonly ApiNote[],
): void {
  const method = Object.getOwnPropertyDescriptor(target, name)!;
  if (part === 'body') {
    ApiBody({ type: dto })(target, name, method);
    return;
  }
  for (const { on, place, ...note } of all) {
    if (on !== 'field' || !(dto.prototype === place[0] || dto.prototype instanceof place[0].constructor))
      continue;
    const {
      required = true,
      description,
      type,
      nullable: _,
      isArray = false,
      enum: values,
      example,
      ...rules
    } = (note as { field: FieldFacts }).field;
    const named = type === Boolean ? 'boolean' : 'string';
    const item = {
      type: type === 'integer' ? type : named,
      ...rules,
      ...(values && { enum: values }),
    } as const;
    const schema = isArray ? ({ type: 'array', items: item } as const) : item;
    ApiQuery({
      name: String(place[1]),
      required,
      ...(description && { description }),
      schema: { ...schema, ...(example !== undefined && { example }) },
    })(target, name, method);
  }
}

function hide(...[target, name, method]: Extract<ApiNote, { on: 'hidden' }>['place']): void {
  if (name === undefined) ApiExcludeController()(target as new () => object);
  else ApiExcludeEndpoint()(target, name, method!);
}

/** Adds what follows from the route: its security, the password confirmation that it requires, and its refusals. */
function complete(operation: Operation, route: Route, schemes: readonly string[]): void {
  const { [REFUSALS]: own = [], requestBody, parameters = [] } = operation;
  if (operation[OPTIONAL_BODY]) Object.assign(requestBody ?? {}, { required: false });
  delete operation[REFUSALS];
  delete operation[OPTIONAL_BODY];
  operation.security = securityOf(route.access, schemes);
  if (route.maxAge !== null)
    operation.description = [operation.description, stepUpOf(route.maxAge)].filter(Boolean).join(' ');
  const codes = refusalCodes(route, {
    own,
    schemes,
    hasBody: requestBody !== undefined,
    hasQuery: parameters.some((parameter) => 'in' in parameter && parameter.in === 'query'),
  });
  operation.responses = { ...refusalResponses(codes), ...operation.responses } as Operation['responses'];
}

/** The operations of one method, or of `ALL`; empty for a route that is left out of the description. */
function operationsOf(item: PathItem, method: string): Operation[] {
  if (method === 'ALL') return Object.values(item) as Operation[];
  const operation = item[method.toLowerCase() as 'get'];
  return operation ? [operation] : [];
}

function allOperations({ paths }: OpenAPIObject): Operation[] {
  return Object.values(paths).flatMap((item) => operationsOf(item, 'ALL'));
}

function stepUpOf(maxAge: number): string {
  return `The password must have been confirmed within the last ${maxAge / 1000} seconds; otherwise 403 \`session_not_fresh\`.`;
}

function securityOf(access: Access, schemes: readonly string[]): Record<string, string[]>[] {
  if (access === 'public') return [];
  const required = schemes.map((name) => ({ [name]: [] }));
  return access === 'optional' ? [{}, ...required] : required;
}
