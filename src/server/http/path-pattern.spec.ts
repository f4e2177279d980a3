import { describe, expect, it } from '@jest/globals';
import { patternOf } from './path-pattern.js';

describe('A pattern of Fastify', () => {
  it.each([
    [
      '/users/:id',
      ['/users/7', '/users/a%20b', '/users/7/'],
      ['/users', '/users/7/x', '/users/7//', '/User/7'],
    ],
    ['/users/me', ['/users/me', '/users/me/'], ['/users/%6de', '/users/men', '/xusers/me']],
    ['/files/*', ['/files/', '/files/a/b.txt'], ['/file/a']],
    ['/at/:lat-:long', ['/at/1-2'], ['/at/1', '/at/1-2/3']],
    ['/numbers/:n(^\\d+(?:\\.\\d+)?$)', ['/numbers/1.5', '/numbers/x'], ['/numbers/1/2']],
    ['/a.b+c', ['/a.b+c'], ['/aXb+c', '/a.bbc']],
    ['/time/::now', ['/time/:now'], ['/time/now']],
    ['/', ['/', ''], ['/x']],
  ])('%s', (path, matching, others) => {
    const pattern = patternOf(path, ['GET']);
    expect(matching.filter((sent) => !pattern.matches(sent))).toEqual([]);
    expect(others.filter((sent) => pattern.matches(sent))).toEqual([]);
  });
});
