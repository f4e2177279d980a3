import { describe, expect, it } from '@jest/globals';
import { withoutSecrets } from './storage-options.js';

describe('A storage URL as it is shown', () => {
  it.each([
    ['memory:', 'memory:'],
    ['sqlite:coats.db', 'sqlite:coats.db'],
    ['sqlite:who?.db', 'sqlite:who?.db'],
    [
      'postgres://ann:p%40ss@db.example.com:5433/coats?sslmode=require',
      'postgres://db.example.com:5433/coats',
    ],
    ['postgres://ann:p@ss@db.example.com/coats', 'postgres://db.example.com/coats'],
    ['rediss://:secret@cache.example.com/1?prefix=coats', 'rediss://cache.example.com/1'],
    ['redis-cluster://ann:secret@one:1,two:2?prefix=coats', 'redis-cluster://one:1,two:2'],
  ])('of %j is %j', (url, shown) => {
    expect(withoutSecrets(url)).toBe(shown);
  });
});
