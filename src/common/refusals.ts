/**
 * The one table of refusals: each stable code with its status and its sentence, which says what happened and what to do.
 * A 401 comes with `WWW-Authenticate`, a 429 and a 503 with `Retry-After`.
 */
export const REFUSALS = {
  malformed_request: [
    400,
    'The request is not valid HTTP, or its path is not valid. Check how your client builds it.',
  ],
  malformed_json: [
    400,
    'The body is not a valid JSON object. Send one JSON object in UTF-8, nested at most eight levels deep.',
  ],
  duplicate_member: [400, 'An object in the body names a member twice. Send each member once.'],
  validation_failed: [
    400,
    'Some fields are not valid. Correct the fields that `errors` lists, then send the request again.',
  ],
  value_not_storable: [
    400,
    'The database cannot store a value of this request. Remove unusual characters and shorten long texts.',
  ],
  reset_token_invalid: [
    400,
    'This reset token is not valid: it has expired, was used, or was replaced by a newer one. Ask for a new one.',
  ],
  sign_in_expired: [
    400,
    'This sign-in has no second step: it took too long, was finished, or was not begun. Sign in again.',
  ],
  email_token_invalid: [
    400,
    'This link is not valid: it has expired, was used, or was replaced by a newer one. Ask for a new e-mail.',
  ],
  credentials_missing: [
    401,
    'This request needs authentication. Sign in, or send your credentials with the request.',
  ],
  credentials_invalid: [401, 'Invalid credentials. Check them, or sign in again.'],
  session_expired_idle: [
    401,
    'You were signed out because the session was not used for too long. Sign in again.',
  ],
  session_expired_absolute: [
    401,
    'You were signed out because the session reached its maximum lifetime. Sign in again.',
  ],
  session_signed_out: [401, 'This session was signed out. Sign in again.'],
  session_ended_elsewhere: [401, 'This session was ended from another device. Sign in again.'],
  session_evicted: [401, 'This session was ended because you signed in on too many devices. Sign in again.'],
  session_ended_by_admin: [401, 'An administrator ended this session. Sign in again.'],
  password_changed: [
    401,
    'You were signed out because your password was changed or revoked. Sign in with the new password, or ask for one.',
  ],
  second_factor_added: [
    401,
    'You were signed out because a second factor was set up for your account. Sign in again with it.',
  ],
  user_disabled: [401, 'This account was disabled. Ask an administrator to enable it.'],
  user_deleted: [401, 'This account was deleted. Ask an administrator if you need a new one.'],
  email_not_verified: [
    403,
    'Your e-mail address is not verified. Open the link in the e-mail that we sent you, or ask for a new one with `POST /email/verification`.',
  ],
  second_factor_required: [
    403,
    'This account needs a second factor. Finish the sign-in with one of `factors` at `POST /auth_session/second_step`, or sign in again.',
  ],
  factor_setup_required: [
    403,
    'This account needs a second factor and has none. Sign in, then set one up below `/auth_session/second_step`.',
  ],
  factor_invalid: [
    403,
    'This code or passkey is not valid, or was used before. Check the time of your device, then try again with a new one.',
  ],
  current_password_wrong: [403, 'The current password is wrong. Check it, then try again.'],
  role_required: [403, 'Your role does not allow this. Ask an administrator to do it.'],
  scope_required: [403, 'This access token is read-only. Use an access token with the scope `write`.'],
  session_not_fresh: [
    403,
    'You entered your password too long ago for this action. Confirm your password, then send the request again.',
  ],
  setup_code_required: [
    403,
    'The first user needs the setup code. Send it as `setup_code`: the server prints it at start.',
  ],
  cross_site_request: [
    403,
    'This request was refused because it came from another site. Send it from this site, or ask the operator to trust the origin.',
  ],
  forbidden: [403, 'You are not allowed to do this. Ask an administrator.'],
  not_found: [404, 'Not found. Check the path and the ids in it.'],
  login_not_offered: [
    404,
    'This server has no login. Send your credentials with each request, such as e-mail and password in an `Authorization: Basic` header.',
  ],
  method_not_allowed: [405, 'Method not allowed. Use a method that the `Allow` header lists.'],
  request_timeout: [408, 'The request took too long to arrive. Send it again.'],
  email_taken: [409, 'An account with this e-mail address exists already. Use another address, or sign in.'],
  session_limit_reached: [
    409,
    'You have reached the maximum number of sessions. Sign out on another device first.',
  ],
  access_token_limit_reached: [
    409,
    'You have reached the maximum number of access tokens. End one that you no longer need first.',
  ],
  last_factor: [409, 'This is your last second factor, and this server requires one. Add another one first.'],
  factor_limit_reached: [
    409,
    'You have reached the maximum number of passkeys. Remove one that you no longer need first.',
  ],
  last_admin: [
    409,
    'This is the last administrator who can sign in. Make another user an administrator first.',
  ],
  body_too_large: [413, 'The body is too large. Send a smaller one: JSON has at most 16 KiB.'],
  unsupported_media_type: [
    415,
    'The body is not plain JSON. Send it as `Content-Type: application/json`, in UTF-8 and not compressed.',
  ],
  expectation_failed: [
    417,
    'This server does not support the `Expect` header of this request. Send the request without it.',
  ],
  host_not_allowed: [
    421,
    'This server does not serve the host of this request. Use a host that it serves, or add this one to `ALLOWED_HOSTS`.',
  ],
  too_many_attempts: [
    429,
    'Too many failed attempts. Wait for the seconds that `Retry-After` says, then try again.',
  ],
  too_many_mails: [
    429,
    'Too many e-mails were requested from your network. Wait for the seconds that `Retry-After` says, then try again.',
  ],
  too_many_exports: [
    429,
    'Too many exports are running. Wait for the seconds that `Retry-After` says, then try again.',
  ],
  too_many_requests: [
    429,
    'Too many passwords of this account or network are being checked. Wait for the seconds that `Retry-After` says, then try again.',
  ],
  headers_too_large: [431, 'The request headers are too large. Send fewer or shorter ones.'],
  request_refused: [400, 'The request was refused. Check how your client builds it.'],
  internal_error: [500, 'An unexpected error occurred. Report it together with its `requestId`.'],
  store_unavailable: [
    503,
    'The database is not available right now. Wait for the seconds that `Retry-After` says, then try again.',
  ],
  codes_unavailable: [
    503,
    'Codes of authenticator apps cannot be checked right now. Use a passkey or a recovery code, and tell the operator.',
  ],
  busy: [
    503,
    'The server is checking too many passwords right now. Wait for the seconds that `Retry-After` says, then try again.',
  ],
} as const satisfies Readonly<Record<string, readonly [status: number, detail: string]>>;

/** The stable codes that a client meets in problem documents. */
export type ErrorCode = keyof typeof REFUSALS;
