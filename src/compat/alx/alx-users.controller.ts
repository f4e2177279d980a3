import { Delete, Get, Param, Post, Put } from '@nestjs/common';
import type { Initiator } from '../../audit/initiator.js';
import { CurrentUser } from '../../auth/decorators/access.js';
import { CurrentInitiator } from '../../auth/request-initiator.js';
import { DomainError } from '../../common/domain-error.js';
import { toNewUser } from '../../http/api/users/create-user.dto.js';
import { CoatcheckController } from '../../http/coatcheck-controller.js';
import { ValidBody } from '../../http/input.js';
import { RegistrationService } from '../../users/registration.service.js';
import { type User, isAdmin } from '../../users/user.js';
import { UsersOptions } from '../../users/users-options.js';
import { UsersService } from '../../users/users.service.js';
import { alxUserJson } from './alx-user-json.js';
import { AlxCreateUserDto, AlxUpdateUserDto } from './user.dto.js';

/** The maximum length of the list. The contract has no pages. */
const MOST_USERS = 1_000_000;

@CoatcheckController('users')
export class AlxUsersController {
  constructor(
    private readonly users: UsersService,
    private readonly registration: RegistrationService,
    private readonly options: UsersOptions,
  ) {}

  @Get()
  async list() {
    const { users } = await this.users.list({ limit: MOST_USERS });
    return users.map((user) => alxUserJson(user));
  }

  @Post()
  async register(
    @CurrentUser() caller: User,
    @CurrentInitiator() by: Initiator,
    @ValidBody(AlxCreateUserDto) body: Readonly<AlxCreateUserDto>,
  ) {
    const user = await this.registration.register(toNewUser(body), caller, null, by);
    return alxUserJson(user!); // null only if the application sends mails, which this contract does not
  }

  @Get('me')
  me(@CurrentUser() caller: User) {
    return alxUserJson(caller);
  }

  @Get(':id')
  async read(@Param('id') id: string) {
    const user = await this.users.find(id);
    if (!user) throw new DomainError('not_found');
    return alxUserJson(user);
  }

  /** A name that is null stays as it is. */
  @Put(':id')
  async update(
    @CurrentUser() caller: User,
    @CurrentInitiator() by: Initiator,
    @Param('id') id: string,
    @ValidBody(AlxUpdateUserDto) { first_name: first, last_name: last }: Readonly<AlxUpdateUserDto>,
  ) {
    this.#checkMayChange(caller, id);
    const names = { firstName: first ?? undefined, lastName: last ?? undefined };
    return alxUserJson(await this.users.update(id, names, by));
  }

  @Delete(':id')
  async remove(@CurrentUser() caller: User, @CurrentInitiator() by: Initiator, @Param('id') id: string) {
    this.#checkMayChange(caller, id);
    await this.users.remove(id, by);
    return {};
  }

  /** Only administrators may change and delete other users. */
  #checkMayChange(caller: User, id: string): void {
    if (caller.id !== id && !isAdmin(caller, this.options))
      throw new DomainError('not_found', { conceals: 'role_required' });
  }
}
