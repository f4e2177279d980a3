import { describe, expect, it } from '@jest/globals';
import { StorageOptions } from './storage-options.js';
import {
  faultOfDatabaseUrl,
  faultOfSessionStoreUrl,
  parseStoreUrl,
  urlOfEachHost,
  withoutSecrets,
} from './store-url.js';

describe('A storage URL without secrets', () => {
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
    [
      'redis-sentinel://ann:secret@one:1,two:2/coats?sentinel_password=secret',
      'redis-sentinel://one:1,two:2/coats',
    ],
  ])('of %j is %j', (url, shown) => {
    expect(withoutSecrets(url)).toBe(shown);
  });
});

const isDatabase = (url: string) => faultOfDatabaseUrl(url) === null;
const isSessionStore = (url: string) => faultOfSessionStoreUrl(url) === null;

describe('A storage URL', () => {
  it.each([
    'memory:',
    'sqlite:coats.db',
    'sqlite:/var/lib/coats and hats.db',
    'sqlite:./~coats.db',
    'postgres://ann:p%40ss@db.example.com:5433/coats?sslmode=require',
    'postgres:///coats?host=/run/postgresql',
    'postgresql://ann@%2Frun%2Fpostgresql/coats',
    'postgres://ann@[::1]/coats',
    'postgres://ann:p%40ss@one.example.com:5432,two,[::1]:5433/coats?target_session_attrs=read-write',
    'postgresql://one,two/coats?target_session_attrs=primary',
    'postgres://db.example.com/coats?options=-c%20search_path%3Dcoats&application_name=coats',
  ])('%j can store users and sessions', (url) => {
    expect([isDatabase(url), isSessionStore(url)]).toEqual([true, true]);
  });

  it.each([
    'redis://cache.example.com',
    'rediss://ann:p%40ss@cache.example.com:6380/1?prefix=coats',
    'rediss://:p:ss@cache.example.com?',
    'redis://[::1]:6379/',
    'redis://cache.example.com?prefix=coats&replicas=0',
    'redis-cluster://one.example.com:6379,two.example.com',
    'redis-cluster://ann:p%40ss@[::1]:6379,10.0.0.1:6379?prefix=coats',
    'rediss-cluster://one.example.com:6379',
    'redis-sentinel://one:26379,two:26379,three/coats',
    'rediss-sentinel://:p%40ss@one/coats/2?prefix=a&sentinel_username=ann&sentinel_password=b',
  ])('%j can store sessions only', (url) => {
    expect([isDatabase(url), isSessionStore(url)]).toEqual([false, true]);
  });

  it.each([
    ['postgres://ann:p/ss@db.example.com/coats', 'percent-encoded'],
    ['postgres://ann:p@ss@db.example.com/coats', 'percent-encoded'],
    ['postgres://ann:p?ss@db.example.com/coats', 'percent-encoded'],
    ['postgres://ann:p#ss@db.example.com/coats', '%23'],
    ['postgres://ann:päss@db.example.com/coats', 'percent-encoded'],
    ['redis://ann:p/ss@cache.example.com', 'percent-encoded'],
    ['redis://ann:p%zz@cache.example.com', 'percent-encod'],
    ['redis://ann:p%ff@cache.example.com', 'percent-encod'],
    ['redis-cluster://ann:p%zz@one:6379', 'percent-encod'],
    ['redis://ann@cache.example.com', 'a user needs a password'],
    ['redis-cluster://ann:@one:6379', 'a user needs a password'],
    ['postgres://ann:pass@db.example.com:99999/coats', 'from 1 to 65535'],
    ['redis://cache.example.com:0', 'from 1 to 65535'],
    ['redis-cluster://one:6379,two:65536', 'from 1 to 65535'],
    ['redis://cache.example.com:port', 'host:port'],
    ['redis://cache.example.com:', 'host:port'],
    ['redis-cluster://ann:pass', 'host:port'],
    ['postgres://[db.example.com/coats', 'host:port'],
    ['redis://', 'no host'],
    ['redis:///1', 'no host'],
    ['redis://:6379', 'no host'],
    ['redis-cluster://one:6379,', 'no host'],
    ['redis-sentinel:///coats', 'no host'],
    ['postgres:///coats', 'no host'],
    ['postgres://one,,two/coats', 'no host'],
    ['postgres://one,two:65536/coats', 'from 1 to 65535'],
    ['postgres://one,two/coats?host=/run/postgresql', 'use one of the two'],
    ['postgres://one,two/coats?target_session_attrs=standby', 'target_session_attrs must be one of any'],
    ['postgres://one,two/coats?target_session_attr=any', 'did you mean target_session_attrs?'],
    ['redis://one:6379,two:6379', 'names one host'],
    ['redis://cache.example.com/coats', 'number of a database'],
    ['redis://cache.example.com/-1', 'number of a database'],
    ['redis://cache.example.com/1/2', 'number of a database'],
    ['redis-cluster://one:6379/0', 'one database'],
    ['redis-sentinel://one:26379', 'name of the service'],
    ['redis-sentinel://one:26379/', 'name of the service'],
    ['redis-sentinel://one:26379/coats/one', 'name of the service'],
    ['postgres://db.example.com/coats/hats', 'name of a database'],
    ['redis://cache.example.com?prefx=coats', 'the parameter prefx is not known: did you mean prefix?'],
    ['redis://cache.example.com?Prefix=coats', 'did you mean prefix?'],
    ['redis://cache.example.com?tls=true', 'rediss://'],
    ['redis://cache.example.com?db=1', 'redis://host/1'],
    ['redis://cache.example.com?password=secret', 'before the host'],
    [
      'redis://cache.example.com?constructor=secret',
      'the parameter constructor is not known: known parameters are',
    ],
    ['redis-sentinel://one/coats?sentinelMasterId=hats', 'the path'],
    ['redis-cluster://one?prefix=a&prefix=b', 'has the parameter prefix twice'],
    ['redis://cache.example.com?prefix=', 'prefix needs a value'],
    ['redis://cache.example.com?replicas=all', 'replicas must be a number'],
    ['redis://cache.example.com?prefix=%zz', 'percent-encod'],
    ['redis://cache.example.com#coats', 'no fragment'],
    ['redis://cache.example.com?prefix=coats#hats', 'no fragment'],
    ['postgres://db.example.com/coats?schema=hats', 'options=-c%20search_path%3D<schema>'],
    ['postgres://db.example.com/coats?sslmod=require', 'did you mean sslmode?'],
    ['postgres://db.example.com/coats?sslmode=requir', 'sslmode must be one of disable, prefer'],
    ['postgres://db.example.com/coats?ssl=false', 'ssl must be one of true'],
    ['postgres://db.example.com/coats?connect_timeout=5', 'STORE_TIMEOUT'],
    ['postgres://db.example.com/coats?statement_timeout=5s', 'a number in digits'],
    ['postgres://db.example.com/coats?max=5', 'the parameter max is not known'],
    ['redis:cache.example.com', 'must have // after the scheme'],
    ['postgres:coats', 'must have // after the scheme'],
    ['REDIS://cache.example.com', 'did you mean redis://…?'],
    ['SQLite:coats.db', 'did you mean sqlite:<file>?'],
    ['Memory:', 'did you mean memory'],
    ['redis+sentinel://one/coats', 'did you mean redis-sentinel://…?'],
    ['redis-sentinels://one/coats', 'did you mean redis-sentinel://…?'],
    ['postgre://db.example.com/coats', 'did you mean postgres://…?'],
    ['mysql://db.example.com/coats', 'must be memory:'],
    ['coats.db', 'must be memory:'],
    ['', 'must be memory:'],
    [' redis://cache.example.com', 'blank'],
    ['redis://cache.example.com ', 'blank'],
    ['redis://cache .example.com', 'blank'],
    ['redis://cache.example.com\n', 'blank'],
    ['memory:coats', 'must be memory: alone'],
    ['memory://', 'must be memory: alone'],
    ['memory:?prefix=coats', 'must be memory: alone'],
    ['sqlite:', 'names no file'],
    ['sqlite::memory:', 'memory:'],
    ['sqlite:file:coats.db?mode=ro', 'the path of a file'],
    ['sqlite:coats.db?mode=ro', 'must not have parameters'],
    ['sqlite:coats.db#hats', 'must not have parameters'],
    ['sqlite:~coats.db', 'tilde'],
    ['sqlite:~/coats.db', 'tilde'],
    ['sqlite://coats.db', 'sqlite:/var/lib/coatcheck.db'],
    ['sqlite:///var/lib/coats.db', 'sqlite:/var/lib/coatcheck.db'],
    ['sqlite: coats.db', 'blank'],
    ['sqlite:coats%20hats.db', 'percent-encoded'],
    ['sqlite:$HOME/coats.db', 'has a variable'],
    ['sqlite:${HOME}/coats.db', 'has a variable'],
    ['sqlite:/var/lib/', 'folder'],
  ])('%j is for nothing, and why is told', (url, fault) => {
    expect(faultOfSessionStoreUrl(url)).toContain(fault);
    expect(faultOfDatabaseUrl(url)).not.toBeNull();
  });

  it.each([
    'redis://ann:s3cr3t@cache.example.com/s3cr3t',
    'redis://ann:s3cr3t?s3cr3t=s3cr3t@cache.example.com',
    'redis://cache.example.com?s3cr3t=s3cr3t',
    'redis://cache.example.com?s3cr3t',
    'redis://cache.example.com?prefx=s3cr3t',
    'redis://ann:s3cr3t#s3cr3t',
    's3cr3t://ann:s3cr3t@cache.example.com',
    'sqlite:~s3cr3t',
  ])('%j is refused, and the message contains no secret', (url) => {
    expect(faultOfSessionStoreUrl(url)).toMatch(/^(?!.*s3cr3t)./);
  });

  it('with several hosts becomes one URL for each', () => {
    expect(urlOfEachHost('postgres://ann:p%40@one,[::1]:5433/coats?sslmode=require')).toEqual([
      'postgres://ann:p%40@one/coats?sslmode=require',
      'postgres://ann:p%40@[::1]:5433/coats?sslmode=require',
    ]);
    expect(urlOfEachHost('postgres:///coats?host=/run/postgresql')).toEqual([
      'postgres:///coats?host=/run/postgresql',
    ]);
  });

  it('has parts that are decoded once', () => {
    const url =
      'redis-sentinel://a%3An%6E:p%40%2525:s@one,[::1]:26380/c%20s/3?prefix=x%2By&sentinel_password=%26';
    expect(parseStoreUrl(url)).toEqual({
      scheme: 'redis-sentinel',
      user: 'a:nn',
      password: 'p@%25:s',
      nodes: [
        { host: 'one', port: null },
        { host: '::1', port: 26380 },
      ],
      path: ['c s', '3'],
      parameters: new Map([
        ['prefix', 'x+y'],
        ['sentinel_password', '&'],
      ]),
    });
  });
});

describe('Storage options', () => {
  it('with invalid URLs are refused; the error lists all of them without their values', () => {
    const options = { database: 'sqlite:s3cr3t?mode=ro', sessions: 'redis://:s3cr3t@cache?prefx=s3cr3t' };
    const refused = () => new StorageOptions(options);
    expect(refused).toThrow(/^Bad StorageOptions:\n {2}database: .*\n {2}sessions: .*did you mean prefix\?$/);
    expect(refused).toThrow(/^(?!.*s3cr3t)/s);
  });

  it('store sessions with the users by default, and refuse Redis for users', () => {
    expect(new StorageOptions({ database: 'memory:' }).sessions).toBe('memory:');
    expect(() => new StorageOptions({ database: 'redis://cache' })).toThrow('database: must be');
  });
});
