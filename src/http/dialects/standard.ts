import type { Dialect } from '../dialect.js';
import { problemDocument } from '../../common/problem.js';

/** The dialect for real use. */
export const STANDARD: Dialect = {
  name: 'standard',
  problem: (problem, requestId) => ({
    status: problem.status,
    contentType: 'application/problem+json',
    body: problemDocument(problem, requestId),
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
