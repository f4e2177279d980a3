import { describe, expect, it } from '@jest/globals';
import { anExchange } from '../../../test/support/exchange.js';
import { SessionToken } from '../../sessions/session-token.js';
import { AuthOptions } from '../auth-options.js';
import type { AuthRequest } from '../auth-request.js';
import { CookieCarrier } from './cookie-carrier.js';

const cookie = new CookieCarrier(new AuthOptions({ cookie: { name: 'sid', secure: false } }));
const secureCookie = new CookieCarrier(new AuthOptions());

describe('The session cookie', () => {
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
    ['\u00a0sid=token', ''],
    ['other=1; \u00a0sid=token', ''],
    ['sid=j:{"a":1}', ''],
  ])('is read from %j as %j', (header, text) => {
    expect(cookie.read({ headers: { cookie: header } } as unknown as AuthRequest)).toBe(text);
  });

  it('is null without a Cookie header', () => {
    expect(cookie.read({ headers: {} } as AuthRequest)).toBeNull();
  });

  it('is set once in a response, and other cookies of the response stay', () => {
    const { response } = anExchange();
    response.cookie('sidb', 'kept');
    cookie.handOut(response, SessionToken.issue(new Date(), 'ann'), 1000);
    const token = SessionToken.issue(new Date(), 'ann');
    cookie.handOut(response, token, null);
    expect(response.getHeader('Set-Cookie')).toEqual([
      'sidb=kept; Path=/',
      `sid=${token.reveal()}; Path=/; HttpOnly; SameSite=Lax`,
    ]);
    cookie.takeBack(response);
    expect(response.getHeader('Set-Cookie')).toEqual([
      'sidb=kept; Path=/',
      expect.stringMatching(/^sid=; .*Expires=Thu, 01 Jan 1970/),
    ]);
  });

  it('is HttpOnly, has no domain, and lasts until the browser is closed', () => {
    const token = SessionToken.issue(new Date(), 'ann');
    const [plain, secure] = [anExchange().response, anExchange().response];
    cookie.handOut(plain, token, null);
    secureCookie.handOut(secure, token, null);
    expect(plain.getHeader('set-cookie')).toBe(`sid=${token.reveal()}; Path=/; HttpOnly; SameSite=Lax`);
    expect(secure.getHeader('set-cookie')).toBe(
      `__Host-sid=${token.reveal()}; Path=/; HttpOnly; Secure; SameSite=Lax`,
    );
  });

  it('lasts for the given time', () => {
    const { response } = anExchange();
    cookie.handOut(response, SessionToken.issue(new Date(), 'ann'), 90_999);
    expect(response.getHeader('set-cookie')).toMatch(/; Max-Age=90; .*Expires=/);
  });

  it('is cleared with the attributes that it was set with', () => {
    const { response } = anExchange();
    secureCookie.takeBack(response);
    expect(response.getHeader('set-cookie')).toBe(
      '__Host-sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax',
    );
  });
});
