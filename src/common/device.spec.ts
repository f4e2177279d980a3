import { describe, expect, it } from '@jest/globals';
import { deviceOf } from './device.js';

const CHROMIUM = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0';

describe('A device', () => {
  it.each([
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROMIUM} Safari/537.36`, 'Chrome 142', 'Windows'],
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROMIUM} Safari/537.36 Edg/142.0.0.0`,
      'Microsoft Edge 142',
      'Windows',
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.5', 'Firefox 128.5', 'Linux'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
      'Safari 18.5',
      'iOS',
    ],
    [`Mozilla/5.0 (Linux; Android 10; K) ${CHROMIUM} Mobile Safari/537.36`, 'Chrome 142', 'Android'],
    ['curl/7.88.1', 'curl 7.88', null],
    ['node', 'node', null],
    ['(nobody)', null, null],
  ])('that sends %s is %s on %s', (userAgent, browser, os) => {
    expect(deviceOf(userAgent)).toEqual({ browser, os });
  });

  it('without a User-Agent is unknown', () => {
    expect(deviceOf(null)).toEqual({ browser: null, os: null });
  });

  it.each([
    ['<b>x/1.0 (y)', null],
    ['Mozilla/5.0 <img src=x onerror=y>/1 z', 'Mozilla 5'],
    ['Chrome <i>/1 (x) Foo/2', 'Chrome'],
    ['a&b/1 c', null],
    ['\'"`/1 c', null],
    ['curl/<b>', 'curl'],
    ['curl/1.2<b>', 'curl 1.2'],
    ['X OPR/<b>1', 'Opera'],
    ['X OPR/99.1<b>.2', 'Opera 99.1'],
    ['a\\u{202e}b/1 c', null],
    [`${'a'.repeat(60)}/1 c`, null],
  ])('that sends %j shows no markup: %j', (userAgent, browser) => {
    expect(deviceOf(userAgent)).toEqual({ browser, os: null });
  });

  it.each([
    '__proto__',
    '/',
    ' ',
    'Mozilla/5.0',
    '\u{1f36a}'.repeat(60),
    'Version/'.repeat(32),
    '('.repeat(256),
  ])('is read from the unusual User-Agent %j without an error', (userAgent) => {
    const { browser, os } = deviceOf(userAgent);
    expect([typeof browser, typeof os].every((type) => type === 'string' || type === 'object')).toBe(true);
  });
});
