import { MARK, place } from './attempt.js';

const HOST = 'Host: localhost\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';
const CREDENTIALS = `Cookie: ${place('cookie', 'ann')}\r\nAuthorization: ${place('basic', 'ann')}\r\n`;
const GET = `GET /api/v1/users/me HTTP/1.1\r\n${HOST}${CREDENTIALS}`;
const LOGIN = `POST /api/v1/auth_session/login HTTP/1.1\r\n${HOST}${JSON_TYPE}`;
const BODY = `{"email":"${MARK}@example.com","password":"${MARK}"}`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const LENGTH = `Content-Length: ${BODY.length}\r\n`;

/** Requests on the edge of HTTP, and beyond it: sent as they are and with changes of chance. */
export const CORPUS: readonly string[] = [
  `${GET}\r\n`,
  `${LOGIN}${LENGTH}\r\n${BODY}`,
  `${LOGIN}${CHUNKED}\r\n${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
  `${LOGIN}${CHUNKED}\r\n5;${MARK}=${MARK}\r\n{"a":\r\n3\r\n1}}\r\n0\r\nX-Trailer: ${MARK}\r\n\r\n`,
  `PUT /api/v1/users/${place('id', 'ann')} HTTP/1.1\r\n${HOST}${CREDENTIALS}${JSON_TYPE}Content-Length: 20\r\n\r\n{"first_name":"Anna"}`,
  `GET /api/v1/sessions HTTP/1.1\r\n${HOST}Authorization: Bearer ${place('bearer', 'ann')}\r\n\r\n`,
  `GET /api/v1/users/me HTTP/1.1\r\n${HOST}Authorization: Bearer ${MARK}\r\nAuthorization: Bearer ${place('bearer', 'ann')}\r\n\r\n`,
  `GET /api/v1/users/me HTTP/1.1\r\n${HOST}Authorization: Bearer ${place('program', 'ann')},\r\n ${MARK}\r\n\r\n`,
  `PATCH /api/v1/sessions/${place('session', 'ann')} HTTP/1.1\r\n${HOST}${CREDENTIALS}${JSON_TYPE}Content-Length: 15\r\n\r\n{"label":"Lap"}`,
  // Two requests in one go, and requests within requests.
  `${GET}\r\n${GET}\r\n${GET}\r\n`,
  `${LOGIN}Content-Length: 3\r\n\r\n{}\n${GET}\r\n`,
  `${LOGIN}Content-Length: 4\r\n${CHUNKED}\r\n0\r\n\r\n${GET}\r\n`,
  `${LOGIN}Content-Length: 4\r\nContent-Length: 5\r\n\r\n{"a"}`,
  `${LOGIN}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
  `${LOGIN}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  `${LOGIN}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
  `${LOGIN}Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n`,
  `${LOGIN}Content-Length: +2\r\n\r\n{}`,
  `${LOGIN}Content-Length: 0x2\r\n\r\n{}`,
  `${LOGIN}Content-Length: -1\r\n\r\n{}`,
  `${LOGIN}Content-Length: 99999999999999999999\r\n\r\n{}`,
  `${LOGIN}${CHUNKED}\r\nffffffffffffffff\r\n{}\r\n0\r\n\r\n`,
  `${LOGIN}${CHUNKED}\r\n-2\r\n{}\r\n0\r\n\r\n`,
  `${LOGIN}${CHUNKED}\r\n2\n{}\n0\n\n`,
  // Request lines.
  `GET /api/v1/${MARK} HTTP/1.1\r\n${HOST}\r\n`,
  `GET  /api/v1/status  HTTP/1.1\r\n${HOST}\r\n`,
  `GET /api/v1/status\r\n\r\n`,
  `GET /api/v1/status HTTP/1.0\r\n\r\n`,
  `GET /api/v1/status HTTP/2.0\r\n${HOST}\r\n`,
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  `GET http://${MARK}/api/v1/users/me HTTP/1.1\r\n${HOST}\r\n`,
  `GET //[${MARK} HTTP/1.1\r\n${HOST}\r\n`,
  `GET /%${MARK}%zz%ff%00 HTTP/1.1\r\n${HOST}\r\n`,
  `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`,
  `CONNECT localhost:22 HTTP/1.1\r\n${HOST}\r\n`,
  `TRACE /api/v1/status HTTP/1.1\r\n${HOST}X: ${MARK}\r\n\r\n`,
  `${MARK} / HTTP/1.1\r\n${HOST}\r\n`,
  // Headers.
  'GET /api/v1/status HTTP/1.1\r\n\r\n',
  `GET /api/v1/status HTTP/1.1\r\nHost: a\r\nHost: ${MARK}\r\n\r\n`,
  `GET /api/v1/status HTTP/1.1\r\nHost: ${MARK} \t@[::1]:99999/\r\n\r\n`,
  `${GET}X-Folded: a\r\n ${MARK}\r\n\r\n`,
  `${GET}${MARK}\r\n\r\n`,
  `${GET}: ${MARK}\r\n\r\n`,
  `${GET}X\0: ${MARK}\r\n\r\n`,
  `${GET}X: ${MARK}\0\r\n\r\n`,
  `${GET}X: ${MARK}\nInjected: yes\r\n\r\n`,
  `${GET}Expect: ${MARK}\r\n\r\n`,
  `${LOGIN}Expect: 100-continue\r\n${LENGTH}\r\n${BODY}`,
  `${GET}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${MARK}\r\n\r\n`,
  `${GET}${`X-Many: ${MARK}\r\n`.repeat(800)}\r\n`,
  `${GET}X: ${MARK.repeat(2000)}\r\n\r\n`,
  `GET /${MARK.repeat(2000)} HTTP/1.1\r\n${HOST}\r\n`,
  `${GET}Cookie: sid=${MARK}; sid=${MARK}; __proto__=${MARK}\r\n\r\n`,
  // No HTTP at all.
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  '\r\n\r\n\r\n\r\n',
  `\0\xff${MARK}\xfe`,
];
