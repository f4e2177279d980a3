/**
 * The one table of refusals: each stable code with its status and its sentence, which says what happened and what to do.
 * A 401 comes with `WWW-Authenticate`, a 429 and a 503 with `Retry-After`.
 */
export const REFUSALS = {
  malformed_request: [
    400,
    'The request is not valid HTTP, or its path is not valid. Check how your client builds it.',
  ],
  malformed_json: [400, 'The body must be a JSON object in UTF-8, nested at most eight levels deep.'],
  duplicate_member: [400, 'An object in the body names a member twice. Send each member once.'],
  validation_failed: [
    400,
    'Some fields are not valid. Correct what `errors` lists and send the request again.',
  ],
  value_not_storable: [
    400,
    'The database cannot keep a value of this request. Leave out unusual characters, and shorten long texts.',
  ],
  reset_token_invalid: [
    400,
    'This reset token is not valid: it has expired, was used, or was replaced by a newer one. Ask an administrator for a new one.',
  ],
  credentials_missing: [401, 'Sign in first.'],
  credentials_invalid: [401, 'Invalid credentials.'],
  session_expired_idle: [401, 'You were signed out because the session was not used for too long.'],
  session_expired_absolute: [401, 'You were signed out because the session reached its maximum lifetime.'],
  session_signed_out: [401, 'This session was signed out.'],
  session_ended_elsewhere: [401, 'This session was ended from another device.'],
  session_evicted: [401, 'You were signed out because you signed in on another device.'],
  session_ended_by_admin: [401, 'An administrator ended this session.'],
  password_changed: [401, 'You were signed out because the password was changed.'],
  user_disabled: [401, 'This account was disabled.'],
  user_deleted: [401, 'This account was deleted.'],
  unknown_email: [404, 'No user has this e-mail address.'],
  wrong_password: [401, 'The password is wrong.'],
  current_password_wrong: [403, 'The current password is wrong.'],
  role_required: [403, 'Your role does not allow this.'],
  scope_required: [403, 'This access token is read-only. Use one with the scope `write`.'],
  session_not_fresh: [403, 'Confirm your password, then send the request again.'],
  setup_code_required: [403, 'Send `setup_code`: the server prints it at start, for the first user.'],
  cross_site_request: [403, 'This request was refused because it came from another site.'],
  forbidden: [403, 'You are not allowed to do this.'],
  not_found: [404, 'Not found.'],
  login_not_offered: [
    404,
    'This server has no login. Send your credentials with each request, such as e-mail and password in an Authorization: Basic header.',
  ],
  method_not_allowed: [405, 'Method not allowed. The `Allow` header lists the methods of this path.'],
  request_timeout: [408, 'The request took too long to arrive. Send it again.'],
  email_taken: [409, 'An account with this e-mail address exists already.'],
  session_limit_reached: [409, 'You have reached the maximum number of sessions. End one of them first.'],
  access_token_limit_reached: [
    409,
    'You have reached the maximum number of access tokens. End one that you no longer need first.',
  ],
  last_admin: [
    409,
    'This is the last administrator who can sign in. Make another user an administrator first.',
  ],
  body_too_large: [413, 'The body is too large: at most 16 KiB are allowed.'],
  unsupported_media_type: [
    415,
    'Send the body as `Content-Type: application/json`, in UTF-8 and not compressed.',
  ],
  expectation_failed: [
    417,
    'This server does not support the `Expect` header of this request. Leave it out.',
  ],
  host_not_allowed: [
    421,
    'This server does not serve the host of this request. Use a host that it serves, or add this one to `ALLOWED_HOSTS`.',
  ],
  too_many_attempts: [429, 'Too many failed attempts. Wait as long as `Retry-After` says, then try again.'],
  too_many_requests: [
    429,
    'Too many passwords of this account or network are being checked. Wait as long as `Retry-After` says, then try again.',
  ],
  headers_too_large: [431, 'The request headers are too large. Send fewer or smaller ones.'],
  request_refused: [400, 'The request was refused.'],
  internal_error: [500, 'An unexpected error occurred. Give the `requestId` when you report it.'],
  store_unavailable: [503, 'The database is not available right now. Try again soon.'],
  busy: [503, 'The server is checking too many passwords right now. Try again soon.'],
} as const satisfies Readonly<Record<string, readonly [status: number, detail: string]>>;

/** The stable codes that a client meets in problem documents. */
export type ErrorCode = keyof typeof REFUSALS;
