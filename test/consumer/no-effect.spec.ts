import { describe, expect, it } from '@jest/globals';
import {
  type Account,
  CoatcheckModule,
  CredentialVerifier,
  UserDirectory,
  UsersModule,
  UsersOptions,
} from 'coatcheck';
import type { PasswordHasher, UsersOptionsGiven } from 'coatcheck';
import { BcryptPasswordHasher } from '../../src/users/passwords/bcrypt.password-hasher.js';

class Directory extends UserDirectory<object> {
  async findById() {
    return null;
  }

  async findByLogin() {
    return null;
  }

  account(): Account {
    throw new Error('There are no users.');
  }
}

class Verifier extends CredentialVerifier<object> {
  async verify() {
    return null;
  }
}

const directory = { directory: Directory };
const credentialVerifier = { credentialVerifier: Verifier };
const passwordHasher: PasswordHasher = new BcryptPasswordHasher({ cost: 4, pepper: null });

/** A value of each option that is not its default. */
const GIVEN = {
  timeout: 900,
  registration: 'first',
  setupCode: 'a code of sixteen or more',
  roles: ['user', 'editor', 'admin'],
  adminRole: 'owner',
  passwordMinLength: 20,
  passwordBlocklist: false,
  passwordContext: ['hotel'],
  passwordBreachUrl: 'https://breaches.example/range',
  passwordHash: 'argon2id',
  passwordCost: 5,
  passwordPepper: 'a pepper of more than 32 characters',
  passwordPreviousPeppers: ['another pepper of more than 32 characters'],
  passwordHasher,
  rehashPasswords: false,
  devisePepper: 'pepper',
  exactEmails: true,
} as const satisfies UsersOptionsGiven;

type Name = keyof typeof GIVEN;

const OF_BUILT_IN: readonly Name[] = ['registration', 'setupCode', 'roles', 'exactEmails'];
const OF_PASSWORDS: readonly Name[] = [
  'passwordMinLength',
  'passwordBlocklist',
  'passwordContext',
  'passwordBreachUrl',
  'passwordHash',
  'passwordCost',
  'passwordPepper',
  'passwordPreviousPeppers',
  'passwordHasher',
];
const OF_HASHES: readonly Name[] = ['rehashPasswords', 'devisePepper'];
const OF_OUR_HASHERS: readonly Name[] = [
  'passwordHash',
  'passwordCost',
  'passwordPepper',
  'passwordPreviousPeppers',
  'devisePepper',
];

/** The options that are refused beside others, each alone. */
function refusedBeside(beside: UsersOptionsGiven): Name[] {
  return (Object.keys(GIVEN) as Name[]).filter((name) => {
    if (name in beside || name === 'adminRole') return false;
    try {
      return !new UsersOptions({ ...beside, [name]: GIVEN[name] });
    } catch (error) {
      expect(String(error)).toMatch(
        new RegExp(`^OptionsError: Bad UsersOptions:\n  ${name}: has no effect .*leave.* out`),
      );
      return true;
    }
  });
}

describe('An option of users that has no effect', () => {
  it.each<[string, UsersOptionsGiven, readonly Name[]]>([
    ['the built-in users', {}, ['timeout']],
    ['a directory', directory, OF_BUILT_IN],
    ['a verifier', credentialVerifier, OF_HASHES],
    [
      'a directory and a verifier',
      { ...directory, ...credentialVerifier },
      [...OF_BUILT_IN, ...OF_PASSWORDS, ...OF_HASHES],
    ],
    ['a hasher of the application', { passwordHasher }, ['timeout', ...OF_OUR_HASHERS]],
    ['no blocklist', { passwordBlocklist: false }, ['timeout', 'passwordContext', 'passwordBreachUrl']],
  ])('stops the start beside %s', (_, beside, names) => {
    expect(refusedBeside(beside).toSorted()).toEqual([...names].toSorted());
  });

  it('is named together with the other faults', () => {
    const users = { ...directory, registration: 'first', exactEmails: true, passwordMinLength: 0 } as const;
    const start = () => CoatcheckModule.forRoot({ storage: { database: 'memory:' }, realm: '"', users });
    for (const name of ['users.registration', 'users.exactEmails', 'users.passwordMinLength', 'realm'])
      expect(start).toThrow(`  ${name}: `);
  });

  it('is accepted with its default, as where all options are copied', () => {
    for (const beside of [{}, directory, credentialVerifier, { ...directory, ...credentialVerifier }]) {
      const { routes: _, ...all } = new UsersOptions(beside);
      expect(() => UsersModule.forRoot(all)).not.toThrow();
    }
  });

  it('is known where a factory returns it, and so is a role of administrators of one’s own', async () => {
    const resolve = (users: object) => {
      const { imports = [] } = CoatcheckModule.forRootAsync({
        users: directory,
        useFactory: () => ({ users }),
      });
      const factories = imports
        .flatMap(
          (part) =>
            (part as { imports?: { providers?: { useFactory?: () => Promise<unknown> }[] }[] }).imports ?? [],
        )
        .flatMap(({ providers = [] }) => providers.flatMap(({ useFactory }) => useFactory ?? []));
      return factories[0]!();
    };
    await expect(resolve({ exactEmails: true })).rejects.toThrow('users.exactEmails: has no effect');
    await expect(resolve({ adminRole: 'owner' })).resolves.toMatchObject({ users: { adminRole: 'owner' } });
  });
});
