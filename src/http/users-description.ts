import type { UsersOptions } from '../users/users-options.js';

/** A schema of OpenAPI, as far as it is changed here. */
type Schema = { properties?: Record<string, object>; required?: string[] };

/** What `SessionView` shows of a user of an application's own. */
const OWN_USER = {
  id: { type: 'string', description: 'The id in the application, as text.', example: '42' },
  login: {
    type: 'string',
    description: 'What the user signs in with, such as an e-mail address or a user name.',
    example: 'ann',
  },
  roles: { type: 'array', items: { type: 'string' }, example: ['staff'] },
};

/** The bodies that have the address of a user. */
const WITH_ADDRESS = ['LoginDto', 'CreateUserDto', 'UpdateUserDto', 'UserDto', 'SignedInUserDto'];

/** The schemas as the options of users have them: which users there are, what an address is, and which roles may be given. */
export function forUsers<Schemas extends Readonly<Record<string, object>>>(
  schemas: Schemas,
  { directory, exactEmails, roles }: UsersOptions,
): Schemas {
  const described = structuredClone(schemas);
  const all: Readonly<Record<string, Schema>> = described;
  const { UserDto, SignedInUserDto, UpdateUserDto } = all;
  if (directory) {
    if (SignedInUserDto) describeOwn(SignedInUserDto, UserDto);
    if (UserDto) describeOwn(UserDto, UserDto);
  }
  if (directory || exactEmails) for (const name of WITH_ADDRESS) freeAddress(all[name]);
  if (UpdateUserDto) Object.assign(UpdateUserDto.properties?.['role'] ?? {}, { enum: [...roles] });
  return described;
}

/** Replaces the properties of a built-in user. */
function describeOwn(schema: Schema, builtIn: Schema | undefined): void {
  const known = Object.keys(builtIn?.properties ?? {});
  const rest = Object.entries(schema.properties ?? {}).filter(([name]) => !known.includes(name));
  schema.properties = { ...OWN_USER, ...Object.fromEntries(rest) };
  schema.required = Object.keys(OWN_USER);
}

/** Removes the format of an address that may be any text. */
function freeAddress(schema: Schema | undefined): void {
  const email: { format?: string } = schema?.properties?.['email'] ?? {};
  delete email.format;
}
