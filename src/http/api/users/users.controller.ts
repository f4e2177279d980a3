import { Delete, Get, HttpCode, Optional, Param, Patch, Post, Put } from '@nestjs/common';
import { CurrentExchange } from '../../../auth/exchange/contexts.js';
import type { Exchange } from '../../../auth/exchange/exchange.js';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidBody, ValidQuery } from '../../input.js';
import type { Initiator } from '../../../audit/initiator.js';
import { CurrentInitiator } from '../../../auth/request-initiator.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { CurrentUser, Fresh, OptionalAuth } from '../../../auth/decorators/access.js';
import { DomainError } from '../../../common/domain-error.js';
import { linkToNext } from '../../page.dto.js';
import { CreateUserDto, toNewUser } from './create-user.dto.js';
import { ListUsersDto } from './list-users.dto.js';
import { fromUserCursor, toUserCursor } from './user-cursor.js';
import { UpdateUserDto } from './update-user.dto.js';
import { UserDto } from './user.dto.js';
import { RegistrationService } from '../../../users/registration.service.js';
import { userJson } from './user-json.js';
import { EmailService } from '../../../users/mails/email.service.js';
import { type User, emailKey, isAdmin } from '../../../users/user.js';
import { UsersOptions } from '../../../users/users-options.js';
import { UsersService } from '../../../users/users.service.js';

/** The default size of a page of the list. */
const PAGE_SIZE = 100;

@ApiTag('users')
@CoatcheckController('users')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly registration: RegistrationService,
    private readonly options: UsersOptions,
    @Optional() private readonly emails?: EmailService,
  ) {}

  @Get()
  @ApiAction({
    id: 'listUsers',
    summary: 'List users',
    description:
      'For administrators. Lists the accounts that match all filters, oldest first unless `sort` says otherwise. With filters a page ' +
      'can be short or empty and still have a next page: follow `Link` until there is none.',
    refusals: ['role_required'],
  })
  @ApiAnswer(200, { type: [UserDto], description: 'A page of users.', headers: ['Link', 'Next-Cursor'] })
  async list(
    @CurrentUser() caller: User,
    @ValidQuery(ListUsersDto) query: Readonly<ListUsersDto>,
    @CurrentExchange() { headers }: Exchange,
  ) {
    if (!this.#isAdmin(caller)) throw new DomainError('role_required');
    const { limit = PAGE_SIZE, sort = 'created', cursor, ...filters } = query;
    const after = cursor === undefined ? null : fromUserCursor(cursor, sort);
    const { users, next } = await this.users.list({ ...filters, limit, sort, after });
    if (next) linkToNext(headers, { limit, ...filters, sort: query.sort, cursor: toUserCursor(next, sort) });
    return users.map((user) => userJson(user, true));
  }

  @Post()
  @OptionalAuth()
  @ApiAction({
    id: 'createUser',
    summary: 'Create a user',
    description: 'Creates an account. `GET /registration` says who may do this.',
    refusals: [
      'credentials_missing',
      'role_required',
      'setup_code_required',
      'too_many_attempts',
      'too_many_mails',
      'email_taken',
      'store_unavailable',
      'too_many_requests',
      'busy',
    ],
  })
  @ApiAnswer(201, { type: UserDto, description: 'The user.' })
  @ApiAnswer(202, {
    description:
      'If the server sends mails and the caller is no administrator: the address gets a mail, whether it has an account or not.',
  })
  async register(
    @CurrentUser() caller: User | null,
    @CurrentInitiator() by: Initiator,
    @ValidBody(CreateUserDto) body: Readonly<CreateUserDto>,
    @CurrentExchange() exchange: Exchange,
  ) {
    const details = toNewUser(body);
    const user = await this.registration.register(details, caller, body.setup_code ?? null, by);
    if (!user) {
      exchange.setStatus(202);
      return {};
    }
    return userJson(user, this.#isAdmin(caller));
  }

  @Get('me')
  @ApiAction({ id: 'getCurrentUser', summary: 'Read my account', description: 'Returns the signed-in user.' })
  @ApiAnswer(200, { type: UserDto, description: 'The user.' })
  me(@CurrentUser() caller: User) {
    return userJson(caller, this.#isAdmin(caller));
  }

  @Put('me')
  @Fresh('5m', changesStanding)
  @ApiAction({
    id: 'updateCurrentUser',
    summary: 'Change my account',
    description: 'The same as `updateUser` for the signed-in user. Absent fields do not change.',
    refusals: ['role_required', 'email_taken', 'last_admin', 'too_many_mails'],
  })
  @ApiAnswer(200, { type: UserDto, description: 'The user.' })
  replaceMe(
    @CurrentUser() caller: User,
    @CurrentInitiator() by: Initiator,
    @ValidBody(UpdateUserDto) body: Readonly<UpdateUserDto>,
  ) {
    return this.update(caller, by, caller.id, body);
  }

  @Patch('me')
  @Fresh('5m', changesStanding)
  @ApiAction({
    id: 'patchCurrentUser',
    summary: 'Change my account',
    description: 'The same as `PUT`. Absent fields do not change.',
    refusals: ['role_required', 'email_taken', 'last_admin', 'too_many_mails'],
  })
  @ApiAnswer(200, { type: UserDto, description: 'The user.' })
  changeMe(
    @CurrentUser() caller: User,
    @CurrentInitiator() by: Initiator,
    @ValidBody(UpdateUserDto) body: Readonly<UpdateUserDto>,
  ) {
    return this.update(caller, by, caller.id, body);
  }

  @Delete('me')
  @Fresh('5m')
  @HttpCode(200)
  @ApiAction({
    id: 'deleteCurrentUser',
    summary: 'Delete my account',
    description: 'All sessions and access tokens of the account end.',
    refusals: ['last_admin'],
  })
  @ApiAnswer(200, { description: 'The account is deleted.' })
  removeMe(@CurrentUser() caller: User, @CurrentInitiator() by: Initiator) {
    return this.remove(caller, by, caller.id);
  }

  @Get(':id')
  @ApiAction({
    id: 'getUser',
    summary: 'Read a user',
    description: 'For the user and for administrators. Other users get a 404.',
    refusals: ['not_found'],
  })
  @ApiAnswer(200, { type: UserDto, description: 'The user.' })
  async read(@CurrentUser() caller: User, @Param('id') id: string) {
    this.#checkMayAct(caller, id);
    const user = id === caller.id ? caller : await this.users.find(id);
    if (!user) throw new DomainError('not_found');
    return userJson(user, this.#isAdmin(caller));
  }

  @Put(':id')
  @Fresh('5m', changesStanding)
  @ApiAction({
    id: 'updateUser',
    summary: 'Change a user',
    description: 'For the user and for administrators. Absent fields do not change.',
    refusals: ['role_required', 'not_found', 'email_taken', 'last_admin', 'too_many_mails'],
  })
  @ApiAnswer(200, { type: UserDto, description: 'The user.' })
  async update(
    @CurrentUser() caller: User,
    @CurrentInitiator() by: Initiator,
    @Param('id') id: string,
    @ValidBody(UpdateUserDto) body: Readonly<UpdateUserDto>,
  ) {
    this.#checkMayAct(caller, id);
    const { email, role, disabled } = body;
    const isAdministrator = this.#isAdmin(caller);
    if (!isAdministrator && (role ?? disabled) !== undefined) throw new DomainError('role_required');
    const names = { firstName: body.first_name, lastName: body.last_name };
    const emails =
      id === caller.id && email !== undefined && isOther(email, caller) ? this.emails : undefined;
    // First, so that a refused address changes nothing.
    const pending = emails && { pending_email: await emails.requestChange(id, email!, by) };
    const changes = { email: emails ? undefined : email, role, disabled, ...names };
    return { ...userJson(await this.users.update(id, changes, by), isAdministrator), ...pending };
  }

  @Patch(':id')
  @Fresh('5m', changesStanding)
  @ApiAction({
    id: 'patchUser',
    summary: 'Change a user',
    description: 'The same as `PUT`. Absent fields do not change.',
    refusals: ['role_required', 'not_found', 'email_taken', 'last_admin', 'too_many_mails'],
  })
  @ApiAnswer(200, { type: UserDto, description: 'The user.' })
  change(
    @CurrentUser() caller: User,
    @CurrentInitiator() by: Initiator,
    @Param('id') id: string,
    @ValidBody(UpdateUserDto) body: Readonly<UpdateUserDto>,
  ) {
    return this.update(caller, by, id, body);
  }

  @Delete(':id')
  @Fresh('5m')
  @HttpCode(200)
  @ApiAction({
    id: 'deleteUser',
    summary: 'Delete a user',
    description: 'For the user and for administrators. All sessions and access tokens of the account end.',
    refusals: ['not_found', 'last_admin'],
  })
  @ApiAnswer(200, { description: 'The account is deleted.' })
  async remove(@CurrentUser() caller: User, @CurrentInitiator() by: Initiator, @Param('id') id: string) {
    this.#checkMayAct(caller, id);
    await this.users.remove(id, by);
    return {};
  }

  /** Throws `not_found` if the caller may not see the account. */
  #checkMayAct(caller: User, id: string): void {
    if (caller.id !== id && !this.#isAdmin(caller)) throw hidden();
  }

  #isAdmin(caller: User | null): boolean {
    return caller !== null && isAdmin(caller, this.options);
  }
}

/** Whether an address is another one, and not another spelling of the same. */
function isOther(email: string, user: User): boolean {
  return emailKey(email) !== emailKey(user.email);
}

/** Whether a body contains a change that needs a recent confirmation of the password. */
function changesStanding({ email, role, disabled }: Readonly<Record<string, unknown>>): boolean {
  return [email, role, disabled].some((value) => value !== undefined);
}

/** A refusal that does not reveal whether the user exists. */
function hidden(): DomainError {
  return new DomainError('not_found', { conceals: 'role_required' });
}
