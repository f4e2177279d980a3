import { describe, expect, it } from '@jest/globals';
import { isDatabaseUrl, isSessionStoreUrl, withoutSecrets } from './storage-options.js';

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
    ['postgres://ann:p/a?s#s@db.example.com/coats?a=b', 'postgres://db.example.com/coats'],
    ['rediss://:secret@cache.example.com/1?prefix=coats', 'rediss://cache.example.com/1'],
    ['redis-cluster://ann:secret@one:1,two:2?prefix=coats', 'redis-cluster://one:1,two:2'],
  ])('of %j is %j', (url, shown) => {
    expect(withoutSecrets(url)).toBe(shown);
  });
});

describe('A storage URL', () => {
  it.each([
    'memory:',
    'sqlite:coats.db',
    'postgres://ann:p%40ss@db.example.com:5433/coats?sslmode=require',
    'postgres:///coats?host=/run/postgresql',
    'postgres://ann@[::1]/coats',
  ])('%j is for users and for sessions', (url) => {
    expect([isDatabaseUrl(url), isSessionStoreUrl(url)]).toEqual([true, true]);
  });

  it.each([
    'redis://cache.example.com',
    'rediss://ann:p%40ss@cache.example.com:6380/1?prefix=coats',
    'redis://[::1]:6379/',
    'redis-cluster://one.example.com:6379,two.example.com',
    'redis-cluster://ann:p%40ss@[::1]:6379,10.0.0.1:6379?prefix=coats',
  ])('%j is for sessions alone', (url) => {
    expect([isDatabaseUrl(url), isSessionStoreUrl(url)]).toEqual([false, true]);
  });

  it.each([
    'postgres://ann:p/ss@db.example.com/coats',
    'postgres://ann:pass@db.example.com:99999/coats',
    'postgres://[db.example.com/coats',
    'redis://',
    'redis://cache.example.com/coats',
    'redis://ann:p/ss@cache.example.com',
    'redis://ann:p%zz@cache.example.com',
    'redis://cache.example.com:port',
    'redis-cluster://ann:pass',
    'redis-cluster://ann:p%zz@one:6379',
    'redis-cluster://one:6379,',
    'redis-cluster://one:6379/0',
  ])('%j is for nothing', (url) => {
    expect([isDatabaseUrl(url), isSessionStoreUrl(url)]).toEqual([false, false]);
  });
});
