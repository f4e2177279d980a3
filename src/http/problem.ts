import { HttpException } from '@nestjs/common';
import { DomainError, type Explanation } from '../common/domain-error.js';
import type { ErrorCode } from '../common/refusals.js';
import { type Problem, problemFor } from '../common/problem.js';

/** The codes for the statuses of errors from Nest, Express and their parsers. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'malformed_request',
  401: 'credentials_missing',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'body_too_large',
  415: 'unsupported_media_type',
  431: 'headers_too_large',
  503: 'store_unavailable',
};

/** The problem of an error, without values from the request; `internal_error` for an unexpected error. */
export function problemOf(error: unknown, explanation: Explanation | null = null): Problem {
  if (error instanceof DomainError) {
    const { problem } = error;
    return explanation ? { ...problem, detail: `${problem.detail} ${explanation.text}` } : problem;
  }
  const status = statusOf(error);
  if (status >= 500 && status !== 503) return problemFor('internal_error');
  return { ...problemFor(CODES[status] ?? 'request_refused'), status };
}

interface ForeignError {
  readonly status?: unknown;
  readonly expose?: unknown;
  readonly statusCode?: unknown;
  readonly code?: unknown;
}

/** The status of errors from Nest, of errors from Express middleware that are marked for clients, and of Fastify; 500 otherwise. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const { status, expose, statusCode, code }: ForeignError = Object(error);
  const isOfFastify = typeof code === 'string' && code.startsWith('FST_');
  const given = expose === true ? status : isOfFastify ? statusCode : null;
  return typeof given === 'number' && given >= 400 && given < 500 ? given : 500;
}
