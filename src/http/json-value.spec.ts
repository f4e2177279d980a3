import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { hasDuplicates } from './json-value.js';

const isTwice = (json: string) => hasDuplicates(json, JSON.parse(json));

describe('A member of a JSON object', () => {
  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"b":2,"a":3}',
    '{"a":1,"\\u0061":2}',
    '{"\\u0061":1,"\\u0061":2}',
    '{"/":1,"\\/":2}',
    '{"":1,"":2}',
    '{"__proto__":1,"__proto__":2}',
    '{"constructor":1,"constructor":2}',
    '{"1":1,"1":2}',
    '{"a":{"b":1,"b":2}}',
    '{"a":{"b":1},"a":{"c":1}}',
    '[{"a":1},{"a":[{"x":1,"x":2}]}]',
    '{"a":":","a":"\\":"}',
    '{ "a" : 1 ,\n\t"a"\r: 2 }',
    '{"\ud800":1,"\\ud800":2}',
    '{"\u2028":1,"\\u2028":2}',
    `{"a":${'['.repeat(5000)}${']'.repeat(5000)},"a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  ])('that occurs twice is found: %j', (json) => {
    expect(isTwice(json)).toBe(true);
  });

  it.each([
    '{}',
    '[]',
    '":"',
    'null',
    '{"a":1,"A":2,"\\u0041b":3}',
    '{"a":{"a":{"a":[{"a":1},{"a":2}]}}}',
    '{"a":":{\\":,\\\\","b\\\\":"\\\\\\":"}',
    '{"é":1,"e\u0301":2}',
    '{"__proto__":{"a":1}}',
  ])('that occurs once is not reported: %j', (json) => {
    expect(isTwice(json)).toBe(false);
  });

  it('is reported for a value if and only if it occurs twice', () => {
    fc.assert(
      fc.property(fc.json(), fc.string(), fc.jsonValue(), fc.jsonValue(), (json, name, first, second) => {
        expect(isTwice(json)).toBe(false);
        const member = (value: unknown) => `${JSON.stringify(name)}:${JSON.stringify(value)}`;
        expect(isTwice(`[${json},{${member(first)},${member(second)}}]`)).toBe(true);
      }),
    );
  });
});
