import { describe, expect, it } from '@jest/globals';
import { anExchange } from '../../../test/support/exchange.js';
import { SessionToken } from '../../sessions/session-token.js';
import { AuthOptions } from '../auth-options.js';
import { SessionCookie } from './session-cookie.js';

const cookie = new SessionCookie(new AuthOptions({ cookie: { name: 'sid', secure: false } }));
const secureCookie = new SessionCookie(new AuthOptions());

describe('The cookie of a session', () => {
  it.each<[string, string | null]>([
    ['sid=token', 'token'],
    ['other=1; sid=token; last=2', 'token'],
    ['other=1;sid=token', 'token'],
    ['sid; sid=token', 'token'],
    ['sid=token=', 'token='],
    ['sid=%74icket', '%74icket'],
    ['', null],
    ['other=token', null],
    ['sid', null],
    ['SID=token', null],
    ['asid=token', null],
    ['sidb=token', null],
    ['sid=', ''],
    ['sid=token; sid=token', ''],
    ['sid=token; sid=other', ''],
    ['sid="token"', ''],
    ['sid =token', ''],
    ['sid\t=token', ''],
    ['sid= token', ''],
    ['sid=j:{"a":1}', ''],
  ])('is read from %j as %j', (header, text) => {
    expect(cookie.read(anExchange({ cookie: header }).request)).toBe(text);
  });

  it('is not there where no cookie is', () => {
    expect(cookie.read(anExchange().request)).toBeNull();
  });

  it('is set once in an answer, which keeps the cookies of others', () => {
    const { response } = anExchange();
    response.cookie('sidb', 'kept');
    cookie.write(response, SessionToken.issue(new Date(), 'ann'), 1000);
    const token = SessionToken.issue(new Date(), 'ann');
    cookie.write(response, token, null);
    expect(response.getHeader('Set-Cookie')).toEqual([
      'sidb=kept; Path=/',
      `sid=${token.reveal()}; Path=/; HttpOnly; SameSite=Lax`,
    ]);
    cookie.clear(response);
    expect(response.getHeader('Set-Cookie')).toEqual([
      'sidb=kept; Path=/',
      expect.stringMatching(/^sid=; .*Expires=Thu, 01 Jan 1970/),
    ]);
  });

  it('is set for this host and its server alone, for as long as the browser is open', () => {
    const token = SessionToken.issue(new Date(), 'ann');
    const [plain, secure] = [anExchange().response, anExchange().response];
    cookie.write(plain, token, null);
    secureCookie.write(secure, token, null);
    expect(plain.getHeader('set-cookie')).toBe(`sid=${token.reveal()}; Path=/; HttpOnly; SameSite=Lax`);
    expect(secure.getHeader('set-cookie')).toBe(
      `__Host-sid=${token.reveal()}; Path=/; HttpOnly; Secure; SameSite=Lax`,
    );
  });

  it('is set for as long as it is told to', () => {
    const { response } = anExchange();
    cookie.write(response, SessionToken.issue(new Date(), 'ann'), 90_999);
    expect(response.getHeader('set-cookie')).toMatch(/; Max-Age=90; .*Expires=/);
  });

  it('is cleared as it was set', () => {
    const { response } = anExchange();
    secureCookie.clear(response);
    expect(response.getHeader('set-cookie')).toBe(
      '__Host-sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax',
    );
  });
});
