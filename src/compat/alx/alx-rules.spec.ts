import { describe, expect, it } from '@jest/globals';
import { ConfigError } from '../../server/config/config.js';
import { describeConfig, loadConfig } from '../../server/config/load-config.js';
import { ALX_RULES } from './alx-rules.js';

const reading = { compat: { alx: ALX_RULES } };
const load = (variables: Readonly<Record<string, string>> = {}) =>
  loadConfig({ AUTH_COMPAT: 'alx', ...variables }, reading);

describe('AUTH_COMPAT=alx', () => {
  it('has its own defaults', () => {
    expect(load()).toMatchObject({
      compat: 'alx',
      auth: {
        type: ['session_db_auth'],
        clearSiteData: [],
        lifetime: { idle: Infinity, absolute: Infinity },
      },
      users: {
        registration: 'signed_in',
        passwordMinLength: 1,
        passwordBlocklist: false,
        exactEmails: true,
        throttle: { enabled: false },
      },
      http: { docs: false },
    });
    const duration = describeConfig({ AUTH_COMPAT: 'alx' }, reading).find(
      ({ name }) => name === 'SESSION_DURATION',
    );
    expect(duration).toEqual({ name: 'SESSION_DURATION', value: '0', source: 'derived' });
  });

  it.each([
    ['60', 60_000],
    [' 60 ', 60_000],
    ['+60', 60_000],
    ['1_000', 1_000_000],
    ['007', 7000],
    ['0', Infinity],
    ['-5', Infinity],
    ['2.5', Infinity],
    ['2s', Infinity],
    ['1__0', Infinity],
    ['0x10', Infinity],
    ['1e3', Infinity],
    ['abc', Infinity],
    ['', Infinity],
  ])("reads SESSION_DURATION=%j as Python's int() does", (text, absolute) => {
    expect(load({ SESSION_DURATION: text }).auth.lifetime).toEqual({ idle: Infinity, absolute });
  });

  it('accepts AUTH_TYPE=auth as the only type', () => {
    expect(load({ AUTH_TYPE: 'auth' }).auth.type).toEqual(['auth']);
  });

  it.each<[Readonly<Record<string, string>>, string]>([
    [{ AUTH_TYPE: 'auth,basic_auth' }, 'AUTH_TYPE: auth must be the only type'],
    [{ AUTH_TYPE: 'token_auth' }, 'AUTH_TYPE: AUTH_COMPAT=alx has no bearer tokens'],
    [{ AUTH_TYPE: 'session_db_auth,token_auth' }, 'AUTH_TYPE: AUTH_COMPAT=alx has no bearer tokens'],
    [{ SESSION_IDLE_TIMEOUT: '2h' }, 'SESSION_IDLE_TIMEOUT: AUTH_COMPAT=alx has no idle limit'],
    [{ API_DOCS: 'on' }, 'API_DOCS: AUTH_COMPAT=alx has no API documentation'],
    [{ PAGES: 'on' }, 'PAGES: AUTH_COMPAT=alx has no pages'],
    [{ REGISTRATION: 'open' }, 'REGISTRATION: AUTH_COMPAT=alx supports signed_in only'],
    [
      { PASSWORD_BREACH_URL: 'https://breaches.example/range' },
      'PASSWORD_BREACH_URL: AUTH_COMPAT=alx accepts any password',
    ],
    [{ SESSION_NAME: '' }, 'SESSION_NAME: is empty'],
  ])('refuses %j', (variables, problem) => {
    expect(() => load(variables)).toThrow(ConfigError);
    expect(() => load(variables)).toThrow(problem);
  });
});
