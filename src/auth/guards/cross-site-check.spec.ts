import { describe, expect, it } from '@jest/globals';
import { anExchange } from '../../../test/support/exchange.js';
import { exchangeIn } from '../exchange/exchange.js';
import { DomainError } from '../../common/domain-error.js';
import { CrossSiteCheck, type CrossSiteRules, isOrigin } from './cross-site-check.js';

const HOST = 'api.example.com';
const APP = 'https://app.example.com';

const checkWith = (rules: Partial<CrossSiteRules> = {}) =>
  new CrossSiteCheck({ https: true, trustedOrigins: [APP], ...rules });

type Headers = Readonly<Record<string, string | undefined>>;

const requestWith = (headers: Headers, method = 'POST') =>
  exchangeIn(anExchange({ host: HOST, ...headers }, { method }));

/** The explanation of a refusal; null if the request is admitted. */
const refusalOf = (headers: Headers, method = 'POST', check = checkWith()) => {
  try {
    check.check(requestWith(headers, method));
    return null;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    expect(error.code).toBe('cross_site_request');
    return error.explanation!;
  }
};

describe('The cross-site check', () => {
  it.each([
    {},
    { origin: `https://${HOST}` },
    { origin: `https://${HOST}`, 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'same-origin' },
    { origin: APP, 'sec-fetch-site': 'same-site' },
    { origin: APP, 'sec-fetch-site': 'cross-site' },
  ])('admits %j', (headers) => {
    expect(refusalOf(headers)).toBeNull();
  });

  it.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `http://${HOST}` },
    { origin: `https://${HOST}:8443` },
    { origin: `https://${HOST}.evil.example` },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site' },
    { origin: `https://${HOST}`, 'sec-fetch-site': 'cross-site' },
    { origin: `https://${HOST}`, host: '[::1' },
  ])('refuses %j', (headers) => {
    expect(refusalOf(headers)).not.toBeNull();
  });

  it.each(['GET', 'HEAD', 'OPTIONS'])('admits %s from every origin', (method) => {
    expect(refusalOf({ origin: 'https://evil.example' }, method)).toBeNull();
  });

  it('explains to a page over HTTP that a Secure cookie needs HTTPS', () => {
    const hint = "set the option `cookie: { name: 'sid', secure: false }`";
    expect(refusalOf({ origin: `http://${HOST}` })?.text).toContain(hint);
    expect(refusalOf({ origin: 'https://evil.example' })?.text).not.toContain(hint);
  });

  it('takes the scheme of its own origin from the connection if HTTPS is not configured', () => {
    const check = checkWith({ https: false });
    expect(refusalOf({ origin: `http://${HOST}` }, 'POST', check)).toBeNull();
    expect(refusalOf({ origin: `https://${HOST}` }, 'POST', check)).not.toBeNull();
    const secure = requestWith({ origin: `https://${HOST}` });
    Object.assign(secure.message.socket, { encrypted: true });
    expect(() => check.check(secure)).not.toThrow();
  });

  it('trusts only the configured origins', () => {
    expect(checkWith().trusts(APP)).toBe(true);
    expect(checkWith().trusts(`${APP}.evil.example`)).toBe(false);
    expect(checkWith().trusts(undefined)).toBe(false);
  });

  it('skips a request that an earlier check admitted', () => {
    const request = requestWith({ origin: 'https://evil.example' });
    checkWith().checkFirst(request, () => true);
    expect(() => checkWith().check(request)).not.toThrow();
  });

  it('skips a request from an origin that only the earlier check trusts', () => {
    const other = requestWith({ origin: 'https://other.example' });
    checkWith({ trustedOrigins: ['https://other.example'] }).checkFirst(other, () => false);
    expect(() => checkWith().check(other)).not.toThrow();
  });

  it('refuses a harmful foreign request, and judges the harm of foreign requests only', () => {
    const foreign = requestWith({ origin: 'https://evil.example' });
    expect(() => checkWith().checkFirst(foreign, () => false)).toThrow(DomainError);
    expect(() => checkWith().check(foreign)).toThrow(DomainError);
    const never = () => {
      throw new Error('asked');
    };
    expect(() => checkWith().checkFirst(requestWith({}), never)).not.toThrow();
    expect(() => checkWith().checkFirst(requestWith({ origin: 'x' }, 'GET'), never)).not.toThrow();
  });

  it('does not let a later check skip a request because it was safe', () => {
    const request = requestWith({ origin: 'https://evil.example' }, 'GET');
    checkWith().checkFirst(request, () => true);
    request.message.method = 'POST';
    expect(() => checkWith().check(request)).toThrow(DomainError);
  });

  it('explains the refusal and names the settings of a server and of an application', () => {
    const { text, facts } = refusalOf({ origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })!;
    expect(facts).toEqual({
      origin: 'https://evil.example',
      fetchSite: 'cross-site',
      expectedOrigin: `https://${HOST}`,
    });
    expect(text).toContain('origin https://evil.example (Sec-Fetch-Site: cross-site)');
    expect(text).toContain(`the origin of this server is https://${HOST}`);
    expect(text).toMatch(/X-Forwarded-Host.*X-Forwarded-Proto.*TRUST_PROXY.*`trust proxy`/s);
    expect(text).toMatch(/TRUSTED_ORIGINS.*`trustedOrigins`/s);
  });

  it('says which header was missing, and shows no value that browsers never send', () => {
    const none = refusalOf({ 'sec-fetch-site': 'same-site' })!;
    expect(none.facts['origin']).toBeNull();
    expect(none.text).toContain('origin (none sent) (Sec-Fetch-Site: same-site)');
    expect(refusalOf({ origin: 'null' })!.facts['origin']).toBe('null');
    expect(refusalOf({ origin: 'null' })!.text).toContain('(Sec-Fetch-Site: (none sent))');
    const odd = refusalOf({ origin: 'a secret', 'sec-fetch-site': 'another secret' })!;
    expect(odd.facts).toMatchObject({
      origin: '(not a value that browsers send)',
      fetchSite: '(not a value that browsers send)',
    });
    const longest = `https://${'a'.repeat(292)}`;
    expect(refusalOf({ origin: longest })!.facts['origin']).toBe(longest);
    expect(refusalOf({ origin: `${longest}a` })!.facts['origin']).toBe('(not a value that browsers send)');
    const unreadable = refusalOf({ origin: APP.replace('app', 'web'), host: '[::1' })!;
    expect(unreadable.facts['expectedOrigin']).toBeNull();
    expect(unreadable.text).toContain('unknown, since the Host header cannot be read');
  });
});

describe('An origin', () => {
  it.each(['https://a.example', 'http://[::1]:8080', 'capacitor://localhost', 'app+x.y-1://id', 'app://.'])(
    'is %j',
    (text) => expect(isOrigin(text)).toBe(true),
  );

  it.each([
    'https://a.example/',
    'https://A.example',
    'HTTPS://a.example',
    'https://a.example:443',
    ' https://a.example',
    'https://a.example\n',
    'https://',
    'a.example',
    '1app://host',
    'about://blank',
    'wss://a.example',
    'http://a b',
    'https://[::1',
    '*',
    'null',
  ])('is not %j', (text) => expect(isOrigin(text)).toBe(false));
});
