import { setTimeout as delay } from 'node:timers/promises';
import {
  Args,
  Field,
  ID,
  Int,
  Mutation,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import {
  CurrentExchange,
  CurrentPrincipal,
  CurrentSession,
  CurrentUser,
  Fresh,
  type HttpExchange,
  OptionalAuth,
  type Principal,
  Public,
  Roles,
  type Session,
  SignInService,
  type User,
} from 'coatcheck';

@ObjectType()
export class Coat {
  @Field(() => ID)
  id!: string;
}

/** What each decorator does at each kind of handler. */
@Resolver(() => Coat)
export class CoatsResolver {
  constructor(private readonly signIns: SignInService) {}

  @Query(() => String)
  @Public()
  open() {
    return 'open';
  }

  @Query(() => Coat)
  @Public()
  openCoat(): Coat {
    return { id: '1' };
  }

  @Query(() => String)
  @OptionalAuth()
  greeting(@CurrentUser() user: User | null) {
    return `Hello ${user?.email ?? 'stranger'}`;
  }

  @Query(() => String)
  me(
    @CurrentUser() user: User,
    @CurrentSession() session: Session | null,
    @CurrentPrincipal() principal: Principal,
  ) {
    return [user.email, session?.transport ?? 'none', principal.account.roles].join(' ');
  }

  @Query(() => Coat)
  coat(): Coat {
    return { id: '1' };
  }

  @Query(() => [Coat])
  coats(@Args('count', { type: () => Int }) count: number): Coat[] {
    return Array.from({ length: count }, (_, index) => ({ id: String(index) }));
  }

  @Query(() => String)
  @Roles('admin')
  byRole() {
    return 'seen';
  }

  @Query(() => String)
  @Fresh('1s', ({ all }) => all === true)
  fresh(@Args('all') all: boolean) {
    return `all: ${all}`;
  }

  @Mutation(() => String)
  rename(@Args('to') to: string) {
    return to;
  }

  @Mutation(() => String)
  @Roles('admin')
  sell() {
    return 'sold';
  }

  @Mutation(() => String)
  @Public()
  async signIn(
    @Args('email') email: string,
    @Args('password') password: string,
    @CurrentExchange() exchange: HttpExchange,
  ) {
    const { outcome } = await this.signIns.signInWithPassword({ login: email, password }, exchange);
    return outcome;
  }

  @Mutation(() => Boolean)
  signOut(@CurrentExchange() exchange: HttpExchange) {
    return this.signIns.signOut(exchange);
  }

  @ResolveField(() => String)
  owner(@Parent() { id }: Coat, @CurrentUser() user: User) {
    return `${user.email} ${id}`;
  }

  @ResolveField(() => String)
  @Public()
  colour() {
    return 'red';
  }

  @ResolveField(() => String)
  @Roles('admin')
  price() {
    return 'one';
  }

  @Subscription(() => String)
  async *ticks() {
    for (const tick of ['one', 'two']) yield Promise.resolve({ ticks: tick });
  }

  @Subscription(() => String)
  async *visits() {
    for (let count = 1; ; count += 1) {
      yield { visits: String(count) };
      await delay(50);
    }
  }

  @Subscription(() => String)
  @Roles('admin')
  async *sales() {
    for (;;) {
      yield { sales: 'one' };
      await delay(50);
    }
  }

  @Subscription(() => String)
  @OptionalAuth()
  async *greetings() {
    for (;;) {
      yield { greetings: 'Hello' };
      await delay(50);
    }
  }

  @Subscription(() => Coat)
  @Public()
  async *arrivals() {
    for (let id = 1; id <= 50; id += 1) {
      yield { arrivals: { id: String(id) } };
      await delay(100);
    }
  }

  @Subscription(() => String)
  @Roles('admin')
  async *prices() {
    yield Promise.resolve({ prices: 'one' });
  }
}
