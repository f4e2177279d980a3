import { closest, distance } from 'fastest-levenshtein';
import { isDuration } from './duration.js';

/** How many letters of an unknown name may differ from a known name that is suggested. */
const TYPOS = 2;

/**
 * The rule of one option. Returns null for a valid value, otherwise a sentence that says what is valid, without the value.
 * The name of the option is before it, such as `limit: `. `beside` has the other options, which may be invalid themselves.
 */
export type Rule = (value: unknown, beside?: Readonly<Record<string, unknown>>) => string | null;

/** The rule of each option, or the rules of its parts. */
export interface Rules {
  readonly [name: string]: Rule | Rules;
}

/** The rules of all options of a class. The compiler requires a rule for each option. */
export type RulesOf<Options> = { readonly [Name in keyof Options]-?: Rule | Rules };

/** The options that a caller gives: each is optional, and so is each property of the options in `Parts`. */
export type Given<Options, Parts extends keyof Options = never> = Partial<Omit<Options, Parts>> & {
  readonly [Name in Parts]?: Partial<Options[Name]>;
};

/** Invalid options. The message lists all faults by name, without values. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';

  constructor(
    /** The class of the options, such as `UsersOptions`. */
    readonly owner: string,
    readonly faults: readonly string[],
  ) {
    super(`Bad ${owner}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }
}

/**
 * Sets the given options on `target`, whose properties are the defaults. Undefined means the default. Throws an
 * `OptionsError` with all faults.
 */
export function assignOptions(target: object, owner: string, given: unknown, rules: Rules): void {
  assertObject(owner, given);
  const defaults = { ...target };
  const options = withDefaults({ ...given }, defaults, rules);
  const faults = faultsOf(options, rules, '', defaults);
  if (faults.length > 0) throw new OptionsError(owner, faults);
  Object.assign(target, options);
}

/** Throws an `OptionsError` if the options are no object. */
export function assertObject(owner: string, given: unknown): asserts given is object {
  if (!isRecord(given)) throw new OptionsError(owner, ['the options must be an object']);
}

/** The rule of a boolean. */
export const flag: Rule = (value) => (typeof value === 'boolean' ? null : 'must be true or false');

export const aFunction: Rule = (value) => (typeof value === 'function' ? null : 'must be a function');

export function integer(least: number, most = Infinity): Rule {
  return (value) => {
    if (!Number.isSafeInteger(value)) return 'must be an integer number';
    if (Number(value) < least) return `must not be less than ${least}`;
    return Number(value) > most ? `must not be greater than ${most}` : null;
  };
}

export function oneOf(values: readonly string[]): Rule {
  return (value) =>
    values.includes(value as string) ? null : `must be one of the following values: ${values.join(', ')}`;
}

/** The rule of a text that passes the test. */
export function text(isRight: (text: string) => boolean, cure: string): Rule {
  return (value) => (typeof value === 'string' && isRight(value) ? null : cure);
}

/** The rule of a secret key, of which several are separated by commas in a variable. */
export const KEY = text((key) => /^[^,]{32,}$/.test(key), 'must have at least 32 characters, and no comma');

/** The rule of a list, possibly empty, whose items obey a rule. */
export function listOf(rule: Rule): Rule {
  return (value) => {
    if (!Array.isArray(value)) return 'must be a list';
    return value.map((item: unknown) => rule(item)).find((fault) => fault !== null) ?? null;
  };
}

/** The rule of a finite number of milliseconds, at least 1 unless another number is given. */
export function milliseconds(most = Number.MAX_VALUE, least = 1): Rule {
  const limit = most === Number.MAX_VALUE ? '' : ` and at most ${most}`;
  return (value) =>
    isDuration(value) && value <= most && value >= least
      ? null
      : `must be a number of milliseconds, at least ${least}${limit}`;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withDefaults(
  given: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>>,
  rules: Rules,
): Readonly<Record<string, unknown>> {
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  const whole = set.map(([name, value]) => {
    const [preset, parts] = [defaults[name], ruleOf(name, rules)];
    const isPartial = isRecord(value) && isRecord(preset) && typeof parts === 'object';
    return [name, isPartial ? withDefaults(value, preset, parts) : value] as const;
  });
  return { ...defaults, ...Object.fromEntries(whole) };
}

function faultsOf(
  options: Readonly<Record<string, unknown>>,
  rules: Rules,
  path: string,
  defaults: Readonly<Record<string, unknown>> = {},
): string[] {
  return Object.keys({ ...rules, ...options }).flatMap((name) => {
    const rule = ruleOf(name, rules);
    const value = options[name];
    if (rule === undefined) return [`${path}${name}: ${unknownName(name, Object.keys(rules))}`];
    if (Object.hasOwn(defaults, name) && value === defaults[name]) return [];
    if (typeof rule === 'function') {
      const fault = rule(value, options);
      return fault === null ? [] : [`${path}${name}: ${fault}`];
    }
    if (isRecord(value)) return faultsOf(value, rule, `${path}${name}.`);
    return [`${path}${name}: must be an object with ${Object.keys(rule).join(', ')}`];
  });
}

function ruleOf(name: string, rules: Rules): Rule | Rules | undefined {
  return Object.hasOwn(rules, name) ? rules[name] : undefined;
}

/** The fault of an unknown name: a suggestion, or the known names. */
export function unknownName(name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  return distance(name.toLowerCase(), meant.toLowerCase()) <= TYPOS
    ? `unknown; did you mean ${meant}?`
    : `unknown; there are ${known.join(', ')}`;
}
