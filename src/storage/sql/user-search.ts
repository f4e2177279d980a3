import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import { emailKey, nameKey } from '../../users/user.js';
import { type UserQuery, compareTexts, orderOf } from '../../users/user-query.js';
import type { Schema } from './schema.js';

type Condition = RawBuilder<SqlBool>;
type TextColumn = 'email_key' | 'by_last_name' | 'by_first_name';

/** A user of a list, before the row is read. */
export interface FoundRow {
  /** The value of the column of the order; empty if the list is ordered by creation. */
  readonly key: string;
  readonly created_at: number;
  readonly id: string;
}

/** A filter by the beginning of a text. */
interface Prefix {
  readonly column: TextColumn;
  readonly from: string;
  /** The least text after all that begin with `from`; null if there is none. */
  readonly to: string | null;
}

/** How many users one search reads before it tries another way. */
export interface SearchEffort {
  /** If a filter leaves at most this number of users, all of them are sorted. */
  readonly few: number;
  /** If filters leave more users, the page is looked for among this number of users in the order of the list. */
  readonly window: number;
}

export const USUAL_EFFORT: SearchEffort = { few: 5000, window: 20_000 };

/** If there are more roles, a list is not merged from one list for each role. */
const MOST_ROLES = 50;

const USERS = sql.table('users');

const COLUMNS = { created: null, email: 'email_key', name: 'by_last_name' } as const;

/**
 * Finds at most `limit` users after a row, in order. The engines do not know how many users a filter leaves, and choose
 * indexes that take seconds. So this counts up to a limit: few users are sorted, and many are found along the index of the
 * order.
 */
export async function findUsers(
  db: Kysely<Schema>,
  query: UserQuery,
  after: FoundRow | null,
  limit: number,
  effort: SearchEffort,
): Promise<FoundRow[]> {
  const search = new UserSearch(db, query, after, limit, effort);
  const email = query.email === null ? [] : [prefix('email_key', emailKey(query.email).toWellFormed())];
  if (query.name === null) return search.find(email);
  const name = nameKey(query.name);
  const found = [
    ...(await search.find([...email, prefix('by_last_name', name)])),
    ...(await search.find([...email, prefix('by_first_name', name)])),
  ];
  const rows = [...new Map(found.map((row) => [row.id, row])).values()];
  return rows.toSorted((a, b) => search.compare(a, b)).slice(0, limit);
}

/** A search for users that match all of some prefixes, and the role and state of a query. */
class UserSearch {
  readonly #column: TextColumn | null;
  readonly #isDescending: boolean;
  readonly #direction: RawBuilder<unknown>;

  constructor(
    private readonly db: Kysely<Schema>,
    private readonly query: UserQuery,
    private readonly after: FoundRow | null,
    private readonly limit: number,
    private readonly effort: SearchEffort,
  ) {
    const { by, isDescending } = orderOf(query.sort);
    this.#column = COLUMNS[by];
    this.#isDescending = isDescending;
    this.#direction = sql.raw(isDescending ? 'desc' : 'asc');
  }

  async find(prefixes: readonly Prefix[]): Promise<FoundRow[]> {
    const rights = this.#rights();
    const inOrder = prefixes.filter(({ column }) => column === this.#column);
    const others = prefixes.filter(({ column }) => column !== this.#column);
    if (others.length === 0 && !rights) return this.#along(inOrder);
    if (prefixes.length === 0 && this.#column === null) {
      const lists = await this.#listsByRole();
      if (lists) return this.#merged(lists);
    }
    const filters = [...prefixes.map((each) => within(each)), ...(rights ? [rights] : [])];
    const counts: number[] = [];
    for (const filter of filters) counts.push(await this.#countFew(filter));
    const fewest = Math.min(...counts);
    if (fewest > this.effort.few) {
      const hidden = [...others.map((each) => within(each, true)), ...(rights ? [rights] : [])];
      const found = await this.#along(inOrder, hidden);
      if (found.length === this.limit) return found;
    }
    const all = [...prefixes.map((each) => within(each, true)), this.#rights(true) ?? sql<SqlBool>`1 = 1`];
    return this.#among(filters[counts.indexOf(fewest)]!, all);
  }

  /** Compares rows by the order of the list. */
  compare(a: FoundRow, b: FoundRow): number {
    const ascending = compareTexts(a.key, b.key) || a.created_at - b.created_at || compareTexts(a.id, b.id);
    return this.#isDescending ? -ascending : ascending;
  }

  /** The condition on role and state; null if there is none. */
  #rights(isHidden = false): Condition | null {
    const { role, disabled } = this.query;
    if (role === null && disabled === null) return null;
    const state = sql<SqlBool>`${number('disabled', isHidden)} in (${sql.join(this.#states())})`;
    return role === null ? state : sql`${state} and ${text('role', isHidden)} = ${role}`;
  }

  #states(): number[] {
    const { disabled } = this.query;
    return disabled === null ? [0, 1] : [Number(disabled)];
  }

  /** The conditions of each pair of state and role that the filters leave, or null if there are too many roles. */
  async #listsByRole(): Promise<Condition[] | null> {
    const states = this.#states();
    const roles = this.query.role === null ? await this.#roles(states[0]!) : [this.query.role];
    if (roles.length > MOST_ROLES) return null;
    return states.flatMap((state) =>
      roles.map((role) => sql<SqlBool>`disabled = ${state} and role = ${role}`),
    );
  }

  /** The roles of the users in a state, each found by one look into the index. */
  async #roles(state: number): Promise<string[]> {
    const next = (from: RawBuilder<unknown>) =>
      sql`(select min(role) from ${USERS} where disabled = ${state} and role > ${from})`;
    const roles = sql<{ role: string }>`with recursive found (role) as (
      select ${next(sql`''`)} union all select ${next(sql`found.role`)} from found where found.role is not null
    ) select role from found where role is not null limit ${MOST_ROLES + 1}`;
    return (await roles.execute(this.db)).rows.map(({ role }) => role);
  }

  /** The first of several lists, each of which is in the order of creation along the index of roles. */
  async #merged(lists: readonly Condition[]): Promise<FoundRow[]> {
    const selects = lists.map(
      (list) => sql`select * from (${this.#select([list, ...this.#beyond()])}) as list`,
    );
    if (selects.length === 0) return [];
    return this.#rows(sql`${sql.join(selects, sql` union all `)}
      order by created_at ${this.#direction}, id ${this.#direction} limit ${this.limit}`);
  }

  /**
   * The first users of a range of the index of the order. With conditions that this index does not serve, it
   * reads only the window, so the result may be too short.
   */
  #along(range: readonly Prefix[], hidden: readonly Condition[] = []): Promise<FoundRow[]> {
    const conditions = [...range.flatMap((each) => this.#rangeBeyond(each)), ...this.#beyond()];
    if (hidden.length === 0) return this.#rows(this.#select(conditions));
    const columns = sql`${this.#columns()}, email_key, by_last_name, by_first_name, role, disabled`;
    return this
      .#rows(sql`select key, created_at, id from (${this.#select(conditions, { columns, limit: this.effort.window })}) as nearby
      where ${and(hidden)} limit ${this.limit}`);
  }

  /** The first of the users that match a filter, which has an index. The other conditions and the order use none. */
  #among(filter: Condition, hidden: readonly Condition[]): Promise<FoundRow[]> {
    return this.#rows(this.#select([filter, ...hidden, ...this.#beyond(true)], { isHidden: true }));
  }

  #select(
    conditions: readonly Condition[],
    { columns = this.#columns(), isHidden = false, limit = this.limit } = {},
  ): RawBuilder<unknown> {
    const order = this.#order(isHidden).map((column) => sql`${column} ${this.#direction}`);
    return sql`select ${columns} from ${USERS} where ${and(conditions)} order by ${sql.join(order)} limit ${limit}`;
  }

  /** How many users match a filter, counted up to one more than few. */
  async #countFew(filter: Condition): Promise<number> {
    const counted = sql<{ users: number }>`select count(*) as users from (
      select 1 from ${USERS} where ${filter} limit ${this.effort.few + 1}) as matches`;
    return (await counted.execute(this.db)).rows[0]!.users;
  }

  async #rows(select: RawBuilder<unknown>): Promise<FoundRow[]> {
    return (await sql<FoundRow>`${select}`.execute(this.db)).rows;
  }

  #columns(): RawBuilder<unknown> {
    return sql`${this.#column === null ? sql`''` : sql.ref(this.#column)} as key, created_at, id`;
  }

  #order(isHidden: boolean): RawBuilder<unknown>[] {
    const columns = [number('created_at', isHidden), text('id', isHidden)];
    return this.#column === null ? columns : [text(this.#column, isHidden), ...columns];
  }

  /** The condition that a user is after the row; none on the first page. */
  #beyond(isHidden = false): Condition[] {
    if (this.after === null) return [];
    const { key, created_at, id } = this.after;
    const values = this.#column === null ? [created_at, id] : [key, created_at, id];
    const comparison = sql.raw(this.#isDescending ? '<' : '>');
    return [sql`(${sql.join(this.#order(isHidden))}) ${comparison} (${sql.join(values)})`];
  }

  /** The range of a prefix. A bound is left out if all users after the row meet it, so that the index is used from there. */
  #rangeBeyond({ column, from, to }: Prefix): Condition[] {
    const key = this.after?.key;
    const isAfterFrom = key !== undefined && !this.#isDescending && compareTexts(key, from) >= 0;
    const isBeforeTo = key !== undefined && this.#isDescending && to !== null && compareTexts(key, to) < 0;
    return [within({ column, from: isAfterFrom ? '' : from, to: isBeforeTo ? null : to })];
  }
}

function prefix(column: TextColumn, from: string): Prefix {
  return { column, from, to: endOf(from) };
}

/** The text after all texts that begin with this one, by code points. */
function endOf(beginning: string): string | null {
  const points = Array.from(beginning, (character) => character.codePointAt(0)!);
  while (points.at(-1) === 0x10_ff_ff) points.pop();
  const last = points.pop();
  if (last === undefined) return null;
  return String.fromCodePoint(...points, last === 0xd7_ff ? 0xe0_00 : last + 1);
}

function within({ column, from, to }: Prefix, isHidden = false): Condition {
  const value = text(column, isHidden);
  return and([
    ...(from === '' ? [] : [sql<SqlBool>`${value} >= ${from}`]),
    ...(to === null ? [] : [sql<SqlBool>`${value} < ${to}`]),
  ]);
}

function and(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? sql`1 = 1` : sql`${sql.join(conditions, sql` and `)}`;
}

/** A column of text, or an expression of the same value for which no index is used. */
function text(column: string, isHidden: boolean): RawBuilder<unknown> {
  return isHidden ? sql`(${sql.ref(column)} || '')` : sql.ref(column);
}

function number(column: string, isHidden: boolean): RawBuilder<unknown> {
  return isHidden ? sql`(${sql.ref(column)} + 0)` : sql.ref(column);
}
