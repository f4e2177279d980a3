import { STATUS_CODES } from 'node:http';
import type { Dialect } from '../dialect.js';
import { plainError } from '../problem.js';

/** The dialect for real use. */
export const STANDARD: Dialect = {
  name: 'standard',
  problem: (problem, requestId) => ({
    status: problem.status,
    contentType: 'application/problem+json',
    body: {
      type: 'about:blank',
      title: STATUS_CODES[problem.status],
      status: problem.status,
      code: problem.code,
      detail: problem.detail,
      error: plainError(problem),
      requestId,
      ...(problem.faults.length > 0 && { errors: problem.faults }),
      ...(problem.endedAt && { ended_at: problem.endedAt.toISOString() }),
      ...(problem.maxAge !== null && { max_age: problem.maxAge }),
    },
  }),
  loginFailure: () => 'credentials_invalid',
  timestamp: (at) => at.toISOString(),
  credentialsBody: 'json',
  basicScheme: /^basic +(.*)$/i,
  everyCredentialCounts: false,
  admitsStrangers: true,
  clearsCookie: true,
  demandsFreshness: true,
  refusesUnknownFields: true,
  refusesDuplicates: true,
  showsRole: true,
  nullRemovesNames: true,
  standardRoutes: true,
  peersVisible: false,
  pageSize: 100,
  exactEmails: false,
  passwordBlocklist: true,
  openToOrigins: false,
};
