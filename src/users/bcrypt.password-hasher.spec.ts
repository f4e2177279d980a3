import { describe, expect, it } from '@jest/globals';
import { BcryptPasswordHasher } from './bcrypt.password-hasher.js';

const hasher = new BcryptPasswordHasher({ cost: 4, pepper: null });
const peppered = new BcryptPasswordHasher({ cost: 4, pepper: 'a-pepper-of-more-than-32-characters' });

describe('A bcrypt hash', () => {
  it('names its scheme and parameters', async () => {
    expect(await hasher.hash('password')).toMatch(/^\$bcrypt-sha256\$v=2,t=2b,r=4\$[./\w]{22}\$[./\w]{31}$/);
    expect(await peppered.hash('password')).toMatch(/^\$bcrypt-sha256\$v=2,t=2b,r=4,k=[0-9a-f]{8}\$/);
  });

  it('is read as passlib wrote it', async () => {
    const hash = '$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2';
    expect(await hasher.verify('password', hash)).toBe(true);
    expect(await hasher.verify('passwore', hash)).toBe(false);
  });

  it.each([
    ['beyond the 72nd byte', `${'x'.repeat(100)}a`, `${'x'.repeat(100)}b`],
    ['behind NUL', 'left\0right', 'left\0wrong'],
    ['in case', 'Password', 'password'],
    ['by a blank', 'password', 'password '],
  ])('tells passwords apart that differ %s', async (_, password, other) => {
    const hash = await hasher.hash(password);
    expect(await hasher.verify(password, hash)).toBe(true);
    expect(await hasher.verify(other, hash)).toBe(false);
  });

  it('takes both Unicode spellings of a password for one', async () => {
    expect(await hasher.verify('zoe\u0308', await hasher.hash('zo\u00eb'))).toBe(true);
  });

  it('is of no use without its pepper, nor with another', async () => {
    const hash = await peppered.hash('password');
    const others = [
      hasher,
      new BcryptPasswordHasher({ cost: 4, pepper: 'another-pepper-of-more-than-32-chars' }),
    ];
    expect(await peppered.verify('password', hash)).toBe(true);
    for (const other of others) expect(await other.verify('password', hash)).toBe(false);
  });

  it('made before there was a pepper still holds, and is outdated', async () => {
    const hash = await hasher.hash('password');
    expect(await peppered.verify('password', hash)).toBe(true);
    expect(peppered.isOutdated(hash)).toBe(true);
  });

  it('is outdated when the cost changes, and only then', async () => {
    const hash = await hasher.hash('password');
    expect(hasher.isOutdated(hash)).toBe(false);
    expect(new BcryptPasswordHasher({ cost: 5, pepper: null }).isOutdated(hash)).toBe(true);
  });

  it.each([
    '',
    'nonsense',
    '$2b$04$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    '$bcrypt-sha256$v=2,t=2b,r=31$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2',
    '$bcrypt-sha256$v=2,t=2b,r=1$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2',
    '$bcrypt-sha256$v=3,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2',
  ])('that is hostile or of another kind matches nothing: %j', async (hash) => {
    expect(await hasher.verify('password', hash)).toBe(false);
    expect(hasher.isOutdated(hash)).toBe(true);
  });

  it('to compare strangers with is well formed and matches nothing', async () => {
    const decoys = [hasher.decoy(), hasher.decoy(), peppered.decoy()];
    expect(new Set(decoys).size).toBe(3);
    expect(hasher.isOutdated(decoys[0]!)).toBe(false);
    expect(peppered.isOutdated(decoys[2]!)).toBe(false);
    expect(await hasher.verify('password', decoys[0]!)).toBe(false);
  });
});
