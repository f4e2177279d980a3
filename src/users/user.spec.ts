import { describe, expect, it } from '@jest/globals';
import { emailKey } from './user.js';

describe('The key of an address', () => {
  it.each([
    'ann@xn--exmple-cua.org',
    'ann@exämple.org',
    'Ann@EXÄMPLE.Org',
    ' ann@exämple.org ',
    'ann@exa\u0308mple.org',
    'ann@ex\u00e4mple\u3002org',
    'ann@exämple\uff0eorg',
    'ann@ｅxämple.org',
    'ann@ex\u00adämple.org',
    'ANN@XN--EXMPLE-CUA.ORG',
  ])('is the same for each spelling of an international domain: %j', (email) => {
    expect(emailKey(email)).toBe('ann@xn--exmple-cua.org');
    expect(emailKey(emailKey(email))).toBe(emailKey(email));
  });

  it.each([
    ['ann@example.org', 'ann@example.org'],
    ['Ann+Tag@EXAMPLE.org', 'ann+tag@example.org'],
    ['änn@exämple.org', 'änn@xn--exmple-cua.org'],
    ['ann@straße.de', 'ann@xn--strae-oqa.de'],
    ['ann@strasse.de', 'ann@strasse.de'],
    ['ann@例え.テスト', 'ann@xn--r8jz45g.xn--zckzah'],
    ['ann@☃.net', 'ann@xn--n3h.net'],
    ['a@b@exämple.org', 'a@b@xn--exmple-cua.org'],
    ['ann@exämple.org/evil', 'ann@exämple.org/evil'],
    ['ann@exämple.org?x', 'ann@exämple.org?x'],
    ['ann@exämple.org#x', 'ann@exämple.org#x'],
    ['ann@exämple.org\\x', 'ann@exämple.org\\x'],
    ['ann@exämple.org:80', 'ann@exämple.org:80'],
    ['ann@ex%41mple.ä', 'ann@ex%41mple.ä'],
    ['ann@exä\tmple.org', 'ann@exä\tmple.org'],
    ['ann@ä／b.org', 'ann@ä／b.org'],
    ['ann@xn--a.org', 'ann@xn--a.org'],
    ['ann@127.1', 'ann@127.1'],
    ['exämple', 'exämple'],
    ['@', '@'],
    ['', ''],
  ])('of %j is %j', (email, key) => {
    expect(emailKey(email)).toBe(key);
  });
});
