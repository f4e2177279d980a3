import { afterEach, expect, it } from '@jest/globals';
import { MemoryMailer } from 'coatcheck/testing';
import { TestApp } from './support/app.js';

const MOST = 3;
const HOUR = 3_600_000;

let app: TestApp;

afterEach(() => app.stop());

const start = async () => {
  app = await TestApp.start(
    { AUTH_TYPE: 'session_db_auth', TRUST_PROXY: '1', MAILS_PER_NETWORK: String(MOST) },
    {},
    { mailer: new MemoryMailer() },
  );
};
let count = 0;
const ask = async (ip: string, path = '/password/forgot') => {
  count += 1;
  const email = `nobody-${count}@example.com`;
  return (await app.visitor({ 'x-forwarded-for': ip }).post(path, { email })).status;
};
/** How many requests are accepted, of `all` from the addresses of `ipOf`. */
const accepted = async (all: number, ipOf: (index: number) => string) => {
  const statuses: number[] = [];
  for (let index = 0; index < all; index += 1)
    statuses.push(await ask(ipOf(index), index % 2 === 0 ? '/password/forgot' : '/email/verification'));
  expect(new Set(statuses)).toEqual(new Set([202, 429]));
  return statuses.filter((status) => status === 202).length;
};

it.each<[string, number, (index: number) => string]>([
  ['addresses of one IPv6 /64', 1, (index) => `2001:db8:1:2:${index}:${index * 7}:0:${index + 1}`],
  ['/64 networks of one IPv6 /56', 2, (index) => `2001:db8:1:${(0x200 + index).toString(16)}::1`],
  ['/56 networks of one IPv6 /48', 4, (index) => `2001:db8:1:${(index * 0x100).toString(16)}::1`],
  ['/64 networks of one IPv6 /48', 4, (index) => `2001:db8:1:${(index * 0x101).toString(16)}::${index + 1}`],
  ['one IPv4 address', 1, () => '203.0.113.7'],
  ['addresses of one IPv4 /24', 4, (index) => `203.0.113.${index + 1}`],
  [
    'one IPv4 address in its IPv6 forms',
    1,
    (index) => ['203.0.113.7', '::ffff:203.0.113.7', '64:ff9b::203.0.113.7', '::ffff:cb00:7107'][index % 4]!,
  ],
])('the limit of a network holds for %s: %d times', async (_, factor, ipOf) => {
  await start();
  expect(await accepted(MOST * factor + 8, ipOf)).toBe(MOST * factor);
  // It holds for one hour, and for no other network.
  expect(await ask('2001:db8:2::1')).toBe(202);
  app.clock.advance(HOUR);
  expect(await ask(ipOf(0))).toBe(202);
});

it('the limit of a network holds for parallel requests', async () => {
  await start();
  const statuses = await Promise.all(
    Array.from({ length: 20 }, (_, index) => ask(`2001:db8:1:2::${index + 1}`)),
  );
  expect(statuses.filter((status) => status === 202)).toHaveLength(MOST);
});
