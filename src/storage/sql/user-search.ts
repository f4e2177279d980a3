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

/** What a search found, in order. */
export interface Found {
  readonly rows: readonly FoundRow[];
  /** The place up to which all matches are in `rows`; null if there are no more matches. */
  readonly stop: FoundRow | null;
}

/** A filter by the beginning of a text. */
interface Prefix {
  readonly column: TextColumn;
  readonly from: string;
  /** The least text after all that begin with `from`; null if there is none. */
  readonly to: string | null;
}

/** A filter by a value of both `disabled` and `role`, or of one of them. */
interface Rights {
  readonly disabled: readonly number[];
  readonly role: string | null;
}

/** A condition that has an index. */
type Part = Prefix | Rights;

/** A user matches a filter if they match one of its parts. */
type Filter = readonly Part[];

/** Ranges of the index of the order that together contain all matches, and the filters that they do not serve. */
interface Places {
  readonly ranges: readonly (Part | null)[];
  readonly rest: readonly Filter[];
}

/** How much one search reads. */
export interface SearchEffort {
  /** If a filter leaves at most this number of users, all of them are sorted. */
  readonly few: number;
  /** If all filters leave more, at most this number of users is read in the order of the list. */
  readonly window: number;
}

export const USUAL_EFFORT: SearchEffort = { few: 5000, window: 10_000 };

/** If there are more pairs of role and state, a list is not merged from one list for each pair. */
const MOST_LISTS = 8;

const USERS = sql.table('users');

/** The columns of the filters, beside those of a row that is found. */
const SEARCHED = sql`, email_key, by_last_name, by_first_name, role, disabled`;

const COLUMNS = { created: null, email: 'email_key', name: 'by_last_name' } as const;

/**
 * Finds at most `limit` users after a row, in order. It may stop before it has found so many, and says where. The engines do
 * not know how many users a filter leaves, and choose indexes that take seconds. So this counts up to a limit: few users are
 * sorted, and many are looked for in the order of the list. Every index has all columns that a search reads.
 */
export function findUsers(
  db: Kysely<Schema>,
  query: UserQuery,
  after: FoundRow | null,
  limit: number,
  effort: SearchEffort,
): Promise<Found> {
  return new UserSearch(db, query, after, limit, effort).find();
}

class UserSearch {
  readonly #column: TextColumn | null;
  readonly #isDescending: boolean;
  readonly #direction: RawBuilder<unknown>;
  readonly #email: Filter | null;
  readonly #name: readonly [byLast: Prefix, byFirst: Prefix] | null;
  readonly #rights: readonly [Rights] | null;
  readonly #filters: readonly Filter[];

  constructor(
    private readonly db: Kysely<Schema>,
    { sort, email, name, role, disabled }: UserQuery,
    private readonly after: FoundRow | null,
    private readonly limit: number,
    private readonly effort: SearchEffort,
  ) {
    const { by, isDescending } = orderOf(sort);
    this.#column = COLUMNS[by];
    this.#isDescending = isDescending;
    this.#direction = sql.raw(isDescending ? 'desc' : 'asc');
    this.#email = email === null ? null : [prefix('email_key', emailKey(email).toWellFormed())];
    this.#name =
      name === null ? null : [prefix('by_last_name', nameKey(name)), prefix('by_first_name', nameKey(name))];
    this.#rights =
      role === null && disabled === null
        ? null
        : [{ disabled: disabled === null ? [0, 1] : [Number(disabled)], role }];
    this.#filters = [this.#email, this.#name, this.#rights].filter((filter) => filter !== null);
  }

  async find(): Promise<Found> {
    const places = await this.#places();
    if (places.rest.length === 0) return this.#across(places);
    const counts = await this.#countFew(this.#filters.flat());
    const countOf = (filter: Filter) => sum(filter.map((part) => counts.get(part)!));
    const fewest = this.#filters.toSorted((a, b) => countOf(a) - countOf(b))[0]!;
    if (countOf(fewest) <= this.effort.few) return this.#amongAll(fewest);
    if (this.#column !== 'by_last_name' || !this.#name) return this.#across(places);
    const [byLast, byFirst] = this.#name;
    if (countOf([byFirst]) > this.effort.few) return this.#across(places);
    const along = await this.#across({ ranges: [byLast], rest: this.#without(this.#name) });
    return this.#merged([along, await this.#amongAll([byFirst])]);
  }

  async #places(): Promise<Places> {
    if (this.#email && this.#column === 'email_key')
      return { ranges: this.#email, rest: this.#without(this.#email) };
    const lists = this.#rights && this.#column === null ? await this.#listsByRole(this.#rights[0]) : [];
    return lists.length > 0 && lists.length <= MOST_LISTS
      ? { ranges: lists, rest: this.#without(this.#rights!) }
      : { ranges: [null], rest: this.#filters };
  }

  #without(filter: Filter): Filter[] {
    return this.#filters.filter((other) => other !== filter);
  }

  /** The rights that have only one role and one state, each with an index in the order of creation. */
  async #listsByRole({ disabled, role }: Rights): Promise<Rights[]> {
    const roles = role === null ? await this.#roles(disabled[0]!) : [role];
    return disabled.flatMap((state) => roles.map((each) => ({ disabled: [state], role: each })));
  }

  /** The roles of the users in a state, each found by one look into the index. */
  async #roles(state: number): Promise<string[]> {
    const next = (from: RawBuilder<unknown>) =>
      sql`(select min(role) from ${USERS} where disabled = ${state} and role > ${from})`;
    const roles = sql<{ role: string }>`with recursive found (role) as (
      select ${next(sql`''`)} union all select ${next(sql`found.role`)} from found where found.role is not null
    ) select role from found where role is not null limit ${MOST_LISTS + 1}`;
    return (await roles.execute(this.db)).rows.map(({ role }) => role);
  }

  /** How many users match each part, counted up to one more than few. */
  async #countFew(parts: Filter): Promise<Map<Part, number>> {
    const counts = parts.map(
      (part, index) => sql`(select count(*) from (
        select 1 from ${USERS} where ${conditionOf(part)} limit ${this.effort.few + 1}) as matches) as ${sql.ref(`part_${index}`)}`,
    );
    const { rows } = await sql<Record<string, number>>`select ${sql.join(counts)}`.execute(this.db);
    return new Map(parts.map((part, index) => [part, rows[0]![`part_${index}`]!]));
  }

  /** The first matches in ranges of the index of the order. */
  async #across({ ranges, rest }: Places): Promise<Found> {
    const window = Math.ceil(this.effort.window / ranges.length);
    const found: Found[] = [];
    for (const range of ranges)
      found.push(await (rest.length === 0 ? this.#along(range) : this.#walk(range, rest, window)));
    return this.#merged(found);
  }

  async #along(range: Part | null): Promise<Found> {
    return this.#found(await this.#rows(this.#select([...this.#within(range, null), ...this.#beyond()])));
  }

  /** The first matches among the users of the window. */
  async #walk(range: Part | null, rest: readonly Filter[], window: number): Promise<Found> {
    const within = [...this.#within(range, null), ...this.#beyond()];
    const [end = null] = await this.#rows(sql`${this.#select(within, { limit: 1 })} offset ${window - 1}`);
    const read = [
      ...this.#within(range, end),
      ...this.#beyond(),
      ...(end === null ? [] : [this.#compared(end, this.#isDescending ? '>=' : '<=')]),
    ];
    // The limit keeps PostgreSQL on the index. It is twice the window, because users may have been added in the meantime.
    const nearby = this.#select(read, { columns: SEARCHED, limit: 2 * window });
    const rows = await this.#rows(sql`select key, created_at, id from (${nearby}) as nearby
      where ${and(rest.map((filter) => matches(filter)))} limit ${this.limit}`);
    return this.#found(rows, end);
  }

  /** The first matches among all users who match a filter. Its index is used, and the result is sorted. */
  async #amongAll(filter: Filter): Promise<Found> {
    const others = this.#filters.map((other) => matches(other));
    const found: Found[] = [];
    for (const part of filter) {
      const conditions = [conditionOf(part), ...others, ...this.#beyond(true)];
      found.push(this.#found(await this.#rows(this.#select(conditions, { isHidden: true }))));
    }
    return this.#merged(found);
  }

  /** The first matches of several searches, up to where the first of them stopped. */
  #merged(found: readonly Found[]): Found {
    const stops = found.flatMap(({ stop }) => stop ?? []).toSorted((a, b) => this.#compare(a, b));
    const rows = [...new Map(found.flatMap((each) => each.rows).map((row) => [row.id, row])).values()]
      .toSorted((a, b) => this.#compare(a, b))
      .filter((row) => stops.length === 0 || this.#compare(row, stops[0]!) <= 0);
    return this.#found(rows.slice(0, this.limit), stops[0]);
  }

  #found(rows: readonly FoundRow[], stop: FoundRow | null = null): Found {
    return { rows, stop: rows.length === this.limit ? rows.at(-1)! : stop };
  }

  #compare(a: FoundRow, b: FoundRow): number {
    const ascending = compareTexts(a.key, b.key) || timeOf(a) - timeOf(b) || compareTexts(a.id, b.id);
    return this.#isDescending ? -ascending : ascending;
  }

  async #rows(select: RawBuilder<unknown>): Promise<FoundRow[]> {
    return (await sql<FoundRow>`${select}`.execute(this.db)).rows;
  }

  #select(
    conditions: readonly Condition[],
    { isHidden = false, limit = this.limit, columns = sql`` } = {},
  ): RawBuilder<unknown> {
    const key = this.#column === null ? sql`''` : sql.ref(this.#column);
    const order = this.#order(isHidden).map((column) => sql`${column} ${this.#direction}`);
    return sql`select ${key} as key, created_at, id${columns} from ${USERS} where ${and(conditions)}
      order by ${sql.join(order)} limit ${limit}`;
  }

  #order(isHidden: boolean): RawBuilder<unknown>[] {
    const columns = [number('created_at', isHidden), text('id', isHidden)];
    return this.#column === null ? columns : [text(this.#column, isHidden), ...columns];
  }

  /** The condition that a user is after the row; none on the first page. */
  #beyond(isHidden = false): Condition[] {
    return this.after === null ? [] : [this.#compared(this.after, this.#isDescending ? '<' : '>', isHidden)];
  }

  #compared(
    { key, created_at, id }: FoundRow,
    comparison: '<' | '<=' | '>' | '>=',
    isHidden = false,
  ): Condition {
    const values = this.#column === null ? [created_at, id] : [key, created_at, id];
    return sql`(${sql.join(this.#order(isHidden))}) ${sql.raw(comparison)} (${sql.join(values)})`;
  }

  /**
   * The conditions of a range. A bound is left out if all users between the row and the end meet it: of two bounds, SQLite
   * may read the index up to the farther one.
   */
  #within(range: Part | null, end: FoundRow | null): Condition[] {
    if (range === null) return [];
    if (!('column' in range)) return [conditionOf(range)];
    const { column, from, to } = range;
    const key = this.after?.key;
    const isAfterFrom = this.#isDescending ? end !== null : key !== undefined && compareTexts(key, from) >= 0;
    const isBeforeTo = this.#isDescending
      ? key !== undefined && to !== null && compareTexts(key, to) < 0
      : end !== null;
    return [conditionOf({ column, from: isAfterFrom ? '' : from, to: isBeforeTo ? null : to })];
  }
}

/** The time of a row. SQLite sorts texts, which cannot be read as times, after all numbers. */
function timeOf({ created_at }: FoundRow): number {
  return Number.isInteger(created_at) ? created_at : Infinity;
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

/** The condition that a user matches a filter. No index is used for it. */
function matches(filter: Filter): Condition {
  return sql`(${sql.join(
    filter.map((part) => conditionOf(part, true)),
    sql` or `,
  )})`;
}

function conditionOf(part: Part, isHidden = false): Condition {
  if (!('column' in part)) {
    const state = sql<SqlBool>`${number('disabled', isHidden)} in (${sql.join(part.disabled)})`;
    return part.role === null ? state : and([state, sql`${text('role', isHidden)} = ${part.role}`]);
  }
  const { column, from, to } = part;
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
  return isHidden ? sql`(+${sql.ref(column)})` : sql.ref(column);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
