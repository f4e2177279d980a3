import { Delete, Get, HttpCode, Param, Post, Put, Res } from '@nestjs/common';
import type { Response } from 'express';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { ValidBody, ValidQuery } from '../../input.js';
import type { Initiator } from '../../../audit/initiator.js';
import { CurrentInitiator } from '../../../auth/request-initiator.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { CurrentUser, Fresh, OptionalAuth } from '../../../auth/decorators/access.js';
import { DomainError } from '../../../common/domain-error.js';
import { PageDto, linkToNext } from '../../page.dto.js';
import { CreateUserDto, toNewUser } from './create-user.dto.js';
import { UpdateUserDto } from './update-user.dto.js';
import { UserDto } from './user.dto.js';
import { RegistrationService } from '../../../users/registration.service.js';
import { fromCursor, toCursor } from '../../../common/cursor.js';
import { userJson } from '../../../users/user-json.js';
import type { User } from '../../../users/user.js';
import { UsersOptions } from '../../../users/users-options.js';
import { UsersService } from '../../../users/users.service.js';

@ApiTag('users')
@CoatcheckController('users')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly registration: RegistrationService,
    private readonly options: UsersOptions,
  ) {}

  @Get()
  @ApiAction({
    id: 'listUsers',
    summary: 'List users',
    description: 'For administrators. Lists all accounts, oldest first.',
    refusals: ['role_required'],
  })
  @ApiAnswer(200, { type: [UserDto], description: 'A page of users.', headers: ['Link', 'Next-Cursor'] })
  async list(
    @CurrentUser() caller: User,
    @ValidQuery(PageDto) query: Readonly<PageDto>,
    @Res({ passthrough: true }) response: Response,
  ) {
    if (!this.#seesOthers(caller)) throw new DomainError('role_required');
    const { limit = this.options.pageSize, cursor } = query;
    const users = await this.users.list(limit + 1, cursor === undefined ? null : fromCursor(cursor));
    const page = users.slice(0, limit);
    const last = page.at(-1);
    if (last && users.length > limit) linkToNext(response, { limit, cursor: toCursor(last) });
    return page.map((user) => this.#json(user, caller));
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
      'email_taken',
      'store_unavailable',
      'too_many_requests',
      'busy',
    ],
  })
  @ApiAnswer(201, { type: UserDto, description: 'The user.' })
  async register(
    @CurrentUser() caller: User | null,
    @CurrentInitiator() by: Initiator,
    @ValidBody(CreateUserDto) body: Readonly<CreateUserDto>,
  ) {
    const details = toNewUser(body);
    return this.#json(await this.registration.register(details, caller, body.setup_code ?? null, by), caller);
  }

  @Get('me')
  @ApiAction({ id: 'getCurrentUser', summary: 'Read my account', description: 'Returns the signed-in user.' })
  @ApiAnswer(200, { type: UserDto, description: 'The user.' })
  me(@CurrentUser() caller: User) {
    return this.#json(caller, caller);
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
    if (id !== caller.id && !this.#seesOthers(caller)) throw hidden();
    const user = id === caller.id ? caller : await this.users.find(id);
    if (!user) throw new DomainError('not_found');
    return this.#json(user, caller);
  }

  @Put(':id')
  @Fresh('5m', changesStanding)
  @ApiAction({
    id: 'updateUser',
    summary: 'Change a user',
    description: 'For the user and for administrators. Absent fields do not change.',
    refusals: ['role_required', 'not_found', 'email_taken', 'last_admin'],
  })
  @ApiAnswer(200, { type: UserDto, description: 'The user.' })
  async update(
    @CurrentUser() caller: User,
    @CurrentInitiator() by: Initiator,
    @Param('id') id: string,
    @ValidBody(UpdateUserDto) body: Readonly<UpdateUserDto>,
  ) {
    this.#checkMayChange(caller, id);
    const { email, role, disabled } = body;
    if (caller.role !== 'admin' && (role ?? disabled) !== undefined) throw new DomainError('role_required');
    const names = { firstName: this.#name(body.first_name), lastName: this.#name(body.last_name) };
    return this.#json(await this.users.update(id, { email, role, disabled, ...names }, by), caller);
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
    this.#checkMayChange(caller, id);
    await this.users.remove(id, by);
    return {};
  }

  #seesOthers(caller: User): boolean {
    return this.options.peersVisible || caller.role === 'admin';
  }

  /** To whoever is no administrator, another's account is not there. */
  #checkMayChange(caller: User, id: string): void {
    if (caller.id !== id && caller.role !== 'admin') throw hidden();
  }

  /** The name that a body sets; null takes it away, and undefined leaves it. */
  #name(given: string | null | undefined): string | null | undefined {
    return given === null && !this.options.nullRemovesNames ? undefined : given;
  }

  #json(user: User, viewer: User | null) {
    return userJson(user, this.options.presentation, viewer);
  }
}

/** Whether a body asks for a change that needs a recent proof of the password. */
export function changesStanding({ email, role, disabled }: Readonly<Record<string, unknown>>): boolean {
  return [email, role, disabled].some((value) => value !== undefined);
}

/** A refusal that does not say whether there is anything. */
function hidden(): DomainError {
  return new DomainError('not_found', { conceals: 'role_required' });
}
