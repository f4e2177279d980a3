import type { ErrorCode } from '../common/refusals.js';
import type { Problem } from '../common/problem.js';

export interface ProblemAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: object;
}

/** All in which the two dialects of the API differ. */
export interface Dialect {
  readonly name: 'standard' | 'alx';
  readonly problem: (problem: Problem, requestId: string) => ProblemAnswer;
  /** What a client is told whose e-mail and password did not fit. */
  readonly loginFailure: (outcome: 'unknown_email' | 'wrong_password' | 'throttled') => ErrorCode;
  readonly timestamp: (at: Date) => string;
  /** How credentials arrive at login. */
  readonly credentialsBody: 'json' | 'form';
  /** Matches an `Authorization` header of the Basic scheme and captures its credentials. */
  readonly basicScheme: RegExp;
  /** Whether a credential that no scheme is concerned with counts as presented, and so as no good. */
  readonly everyCredentialCounts: boolean;
  /** Whether `@OptionalAuth()` routes serve strangers. */
  readonly admitsStrangers: boolean;
  /** Whether the client is told to forget a token that is over or no good. */
  readonly clearsCookie: boolean;
  /** Whether `@Fresh()` is heeded. */
  readonly demandsFreshness: boolean;
  /** Whether fields that nobody asked for are refused, or ignored. */
  readonly refusesUnknownFields: boolean;
  /** Whether a body that names a member twice is refused, or the last one counts. */
  readonly refusesDuplicates: boolean;
  readonly showsRole: boolean;
  /** Whether null as a name in a change of a user removes the name, or leaves it. */
  readonly nullRemovesNames: boolean;
  /** Whether the routes of users are served that the course's contract does not have. */
  readonly standardRoutes: boolean;
  readonly peersVisible: boolean;
  /** How many users a page of the list has where the client does not say. */
  readonly pageSize: number;
  readonly exactEmails: boolean;
  /** Whether new passwords that are easy to guess or known from breaches are refused. */
  readonly passwordBlocklist: boolean;
  /** Whether any origin may read answers (without credentials). */
  readonly openToOrigins: boolean;
}
