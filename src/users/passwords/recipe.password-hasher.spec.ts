import { beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { aTaskOwner } from '../../testing/samples.js';
import { Argon2PasswordHasher } from './argon2.password-hasher.js';
import { BcryptPasswordHasher } from './bcrypt.password-hasher.js';
import type { PasswordHasher } from './password-hasher.js';
import type { HasherOptions } from './recipe.password-hasher.js';

const PEPPER = 'a-pepper-of-more-than-32-characters';
const OTHER_PEPPER = 'another-pepper-of-more-than-32-chars';
const MIB = 1024;
const owner = aTaskOwner();

beforeAll(() => Logger.overrideLogger(false));

type Options = Partial<Omit<HasherOptions, 'cost'>> & { readonly dearer?: boolean };

const STRATEGIES: readonly {
  readonly name: string;
  readonly make: (options?: Options) => PasswordHasher;
  readonly form: RegExp;
  readonly pepperedForm: RegExp;
}[] = [
  {
    name: 'bcrypt',
    make: ({ dearer = false, pepper = null, previousPeppers } = {}) =>
      new BcryptPasswordHasher({ cost: dearer ? 5 : 4, pepper, previousPeppers }),
    form: /^\$bcrypt-sha256\$v=2,t=2b,r=4\$[./\w]{22}\$[./\w]{31}$/,
    pepperedForm: /^\$bcrypt-sha256\$v=2,t=2b,r=4,k=[0-9a-f]{8}\$/,
  },
  {
    name: 'argon2id',
    make: ({ dearer = false, pepper = null, previousPeppers } = {}) =>
      new Argon2PasswordHasher({ cost: dearer ? 2 : 1, pepper, previousPeppers }),
    form: /^\$argon2id\$v=19\$m=19456,t=1,p=1\$[+/\w]{22}\$[+/\w]{43}$/,
    pepperedForm: /^\$argon2id\$v=19\$m=19456,t=1,p=1,keyid=[0-9a-f]{8}\$/,
  },
];

describe.each(STRATEGIES)('A hash by $name', ({ make, form, pepperedForm }) => {
  const hasher = make();
  const peppered = make({ pepper: PEPPER });

  it('names its algorithm and parameters', async () => {
    expect(await hasher.hash('password', owner)).toMatch(form);
    expect(await peppered.hash('password', owner)).toMatch(pepperedForm);
  });

  it.each([
    ['beyond the 72nd byte', `${'x'.repeat(100)}a`, `${'x'.repeat(100)}b`],
    ['after NUL', 'left\0right', 'left\0wrong'],
    ['in case', 'Password', 'password'],
    ['by a blank', 'password', 'password '],
    ['by all but the first 72 bytes', 'x'.repeat(100), 'x'.repeat(72)],
    ['by NUL at the end', 'password', 'password\0'],
  ])('distinguishes passwords that differ %s', async (_, password, other) => {
    const hash = await hasher.hash(password, owner);
    expect(await hasher.verify(password, hash, owner)).toBe(true);
    expect(await hasher.verify(other, hash, owner)).toBe(false);
  });

  it.each([
    ['of 256 astral characters', '\u{1f9e5}'.repeat(256)],
    ['with NUL alone', '\0'.repeat(15)],
    ['from right to left', 'סוס נכון סוללה סיכה'],
    ['with an unassigned character', 'a staple \u{e0fff} a battery'],
    ['of blanks', ' '.repeat(15)],
  ])('matches a password %s', async (_, password) => {
    expect(await hasher.verify(password, await hasher.hash(password, owner), owner)).toBe(true);
  });

  it('matches both Unicode spellings of a password', async () => {
    expect(await hasher.verify('zoe\u0308', await hasher.hash('zo\u00eb', owner), owner)).toBe(true);
  });

  it('matches only with its pepper', async () => {
    const hash = await peppered.hash('password', owner);
    expect(await peppered.verify('password', hash, owner)).toBe(true);
    for (const other of [hasher, make({ pepper: OTHER_PEPPER })])
      expect(await other.verify('password', hash, owner)).toBe(false);
    const unnamed = hash.replace(/,k(eyid)?=[0-9a-f]{8}/, '');
    expect(unnamed).toMatch(form);
    expect(await hasher.verify('password', unnamed, owner)).toBe(false);
  });

  it.each<[string, Options, Options]>([
    ['before there was a pepper', {}, { pepper: PEPPER }],
    ['under the previous pepper', { pepper: PEPPER }, { pepper: OTHER_PEPPER, previousPeppers: [PEPPER] }],
    ['under a removed pepper', { pepper: PEPPER }, { previousPeppers: [OTHER_PEPPER, PEPPER] }],
    ['at less cost', {}, { dearer: true }],
    ['at more cost', { dearer: true }, {}],
  ])('made %s still matches, and is outdated', async (_, before, after) => {
    const hash = await make(before).hash('password', owner);
    expect(make(before).isOutdated(hash)).toBe(false);
    const today = make(after);
    expect(await today.verify('password', hash, owner)).toBe(true);
    expect(await today.verify('passwore', hash, owner)).toBe(false);
    expect(today.isOutdated(hash)).toBe(true);
    expect(today.isOutdated(await today.hash('password', owner))).toBe(false);
  });

  it.each(STRATEGIES)(
    'made by $name matches, and is outdated unless that is the configured algorithm',
    async (other) => {
      const hash = await other.make().hash('password', owner);
      expect(await hasher.verify('password', hash, owner)).toBe(true);
      expect(await hasher.verify('passwore', hash, owner)).toBe(false);
      expect(hasher.isOutdated(hash)).toBe(other.make !== make);
    },
  );

  it('for unknown accounts is well-formed and matches no password', async () => {
    const dummyHashes = [hasher.dummyHash(), hasher.dummyHash(), peppered.dummyHash()];
    expect(new Set(dummyHashes).size).toBe(3);
    expect(dummyHashes[0]).toMatch(form);
    expect(hasher.isOutdated(dummyHashes[0]!)).toBe(false);
    expect(peppered.isOutdated(dummyHashes[2]!)).toBe(false);
    expect(await hasher.verify('password', dummyHashes[0]!, owner)).toBe(false);
  });
});

describe('A hash from another system', () => {
  const hasher = new BcryptPasswordHasher({ cost: 4, pepper: PEPPER });

  it.each([
    ['passlib', '$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2'],
    [
      'the reference implementation of Argon2, with four lanes',
      '$argon2id$v=19$m=65536,t=3,p=4$Cl2ewXdiS4zdJiDtfz6Oxg$xhOV0UNstiWlO5Cf0nhdNU5+E9vvtHOYETZmJLQQLLk',
    ],
    ['plain bcrypt', bcrypt.hashSync('password', 4)],
    ['bcrypt before 2014', bcrypt.hashSync('password', '$2a$04$abcdefghijklmnopqrstuu')],
    ['PHP', bcrypt.hashSync('password', 4).replace('$2b$', '$2y$')],
  ])('is read in the format of %s', async (_, hash) => {
    expect(await hasher.verify('password', hash, owner)).toBe(true);
    expect(await hasher.verify('passwore', hash, owner)).toBe(false);
    expect(hasher.isOutdated(hash)).toBe(true);
  });

  it('of plain bcrypt compares 72 bytes', async () => {
    const hash = bcrypt.hashSync('x'.repeat(100), 4);
    expect(await hasher.verify('x'.repeat(72), hash, owner)).toBe(true);
    expect(await hasher.verify('x'.repeat(71), hash, owner)).toBe(false);
  });
});

describe('A malicious or unknown hash', () => {
  const salt = 'n79VH.0Q2TMWmt3Oqt9uku';
  const digest = 'Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2';
  const argon2 = (parameters: string, length = 43) =>
    `$argon2id$v=19$${parameters}$Cl2ewXdiS4zdJiDtfz6Oxg$${'x'.repeat(length)}`;
  const HASHES = [
    '',
    '$',
    'nonsense',
    '\0'.repeat(1000),
    'x'.repeat(1_000_000),
    '$2b$04$short',
    `$2x$04$${salt}${digest}`,
    `$2b$31$${salt}${digest}`,
    `$2b$17$${salt}${digest}`,
    `$2b$03$${salt}${digest}`,
    `$2b$99$${salt}${digest}`,
    `$bcrypt-sha256$v=2,t=2b,r=31$${salt}$${digest}`,
    `$bcrypt-sha256$v=2,t=2b,r=17$${salt}$${digest}`,
    `$bcrypt-sha256$v=2,t=2b,r=1$${salt}$${digest}`,
    `$bcrypt-sha256$v=3,t=2b,r=12$${salt}$${digest}`,
    `$bcrypt-sha256$v=2,t=2b,r=4,k=00000000$${salt}$${digest}`,
    argon2(`m=${4 * MIB * MIB},t=1,p=1`),
    argon2(`m=${256 * MIB + 1},t=1,p=1`),
    argon2('m=19456,t=999,p=1'),
    argon2('m=19456,t=4294967295,p=1'),
    argon2('m=19456,t=0,p=1'),
    argon2('m=19456,t=2,p=99'),
    argon2('m=19456,t=2,p=0'),
    argon2('m=8,t=2,p=2'),
    argon2('m=-19456,t=2,p=1'),
    argon2('m=1e4,t=2,p=1'),
    argon2('m=19456,t=2,p=1,keyid=00000000'),
    argon2('m=64,t=1,p=1', 1_000_000),
    argon2('m=64,t=1,p=1', 4),
    argon2('m=64,t=1,p=1').replace('Cl2ewXdiS4zdJiDtfz6Oxg', 'Cl2e'),
    argon2('m=64,t=1,p=1').replace('argon2id', 'argon2x'),
    argon2('m=64,t=1,p=1').replace('v=19', 'v=18'),
    '$scrypt$ln=31,r=8,p=1$Cl2ewXdiS4zdJiDtfz6Oxg$xhOV0UNstiWlO5Cf0nhdNU5+E9vvtHOYETZmJLQQLLk',
    '$pbkdf2-sha256$i=4294967295$Cl2ewXdiS4zdJiDtfz6Oxg$xhOV0UNstiWlO5Cf0nhdNU5+E9vvtHOYETZmJLQQLLk',
    '$6$rounds=999999999$salt$digest',
  ];

  /** Records the recipes of verifications. */
  class RecordingHasher extends BcryptPasswordHasher {
    readonly recipes: string[] = [];

    protected override newRecipe() {
      const recipe = super.newRecipe();
      this.recipes.push(recipe.head);
      return recipe;
    }
  }

  it.each(HASHES.map((hash) => [hash.slice(0, 80), hash]))(
    'matches no password, at the cost of a hash with the configured parameters: %j',
    async (_, hash) => {
      const hasher = new RecordingHasher({ cost: 4, pepper: null });
      expect(await hasher.verify('password', hash, owner)).toBe(false);
      expect(hasher.recipes).toEqual([expect.stringContaining('$bcrypt-sha256$v=2,t=2b,r=4$')]);
    },
  );

  it('does not allocate the memory that its parameters name', async () => {
    const hasher = new BcryptPasswordHasher({ cost: 4, pepper: null });
    const before = process.resourceUsage().maxRSS;
    for (const gib of [1, 2, 4])
      expect(await hasher.verify('password', argon2(`m=${gib * MIB * MIB},t=1,p=1`), owner)).toBe(false);
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(256 * MIB);
  });
});

describe('A verification', () => {
  /** Records delays instead of waiting. */
  class DelayRecordingHasher extends BcryptPasswordHasher {
    readonly waits: number[] = [];

    protected override async wait(milliseconds: number): Promise<void> {
      this.waits.push(milliseconds);
    }
  }

  it('of a cheaper hash is delayed to the time of the most expensive recent one, right or wrong', async () => {
    const hasher = new DelayRecordingHasher({ cost: 4, pepper: null });
    const dear = bcrypt.hashSync('password', 12);
    const cheap = await hasher.hash('password', owner);
    expect(await hasher.verify('passwore', dear, owner)).toBe(false);
    expect(hasher.waits).toEqual([0]);
    expect(await hasher.verify('passwore', cheap, owner)).toBe(false);
    expect(await hasher.verify('passwore', 'nonsense', owner)).toBe(false);
    expect(await hasher.verify('password', cheap, owner)).toBe(true);
    const [, ...held] = hasher.waits;
    expect(held).toHaveLength(3);
    // The expensive hash is 256 times the work. On a busy machine, the difference is smaller.
    for (const wait of held) expect(wait).toBeGreaterThan(10);
  });
});
