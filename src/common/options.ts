import { closest, distance } from 'fastest-levenshtein';
import { isDuration } from './duration.js';

/** How many letters may be wrong in a name that is taken for one of ours. */
const TYPOS = 2;

/**
 * What one option must be: null where a value is right, otherwise a sentence that says what is right and never the value.
 * `$property` in it stands for the name. `beside` are the options beside it, which may be wrong themselves.
 */
export type Rule = (value: unknown, beside?: Readonly<Record<string, unknown>>) => string | null;

/** The rule of each option, or the rules of its parts. */
export interface Rules {
  readonly [name: string]: Rule | Rules;
}

/** The rules of all options of a class; the compiler asks for those of a new one. */
export type RulesOf<Options> = { readonly [Name in keyof Options]-?: Rule | Rules };

/** What is given of options: each may be left out, and so may each part of those in `Parts`. */
export type Given<Options, Parts extends keyof Options = never> = Partial<Omit<Options, Parts>> & {
  readonly [Name in Parts]?: Partial<Options[Name]>;
};

/** Options cannot be used; the message lists all that is wrong with them, by name and never by value. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';

  constructor(
    /** Whose options they are, such as `UsersOptions`. */
    readonly owner: string,
    readonly faults: readonly string[],
  ) {
    super(`Bad ${owner}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }
}

/**
 * Sets the given options on `target`, whose properties are the defaults. Undefined stands for the default. An
 * `OptionsError` lists all faults at once.
 */
export function assignOptions(target: object, owner: string, given: unknown, rules: Rules): void {
  if (!isRecord(given)) throw new OptionsError(owner, ['the options must be an object']);
  const defaults = { ...target };
  const options = withDefaults(given, defaults, rules);
  const faults = faultsOf(options, rules, '', defaults);
  if (faults.length > 0) throw new OptionsError(owner, faults);
  Object.assign(target, options);
}

/** A boolean. */
export const flag: Rule = (value) => (typeof value === 'boolean' ? null : '$property must be true or false');

export const aFunction: Rule = (value) =>
  typeof value === 'function' ? null : '$property must be a function';

export function integer(least: number, most = Infinity): Rule {
  return (value) => {
    if (!Number.isSafeInteger(value)) return '$property must be an integer number';
    if (Number(value) < least) return `$property must not be less than ${least}`;
    return Number(value) > most ? `$property must not be greater than ${most}` : null;
  };
}

export function oneOf(values: readonly string[]): Rule {
  return (value) =>
    values.includes(value as string)
      ? null
      : `$property must be one of the following values: ${values.join(', ')}`;
}

/** A text that passes the test. */
export function text(isRight: (text: string) => boolean, cure: string): Rule {
  return (value) => (typeof value === 'string' && isRight(value) ? null : cure);
}

/** A list whose items obey a rule, which may be empty. */
export function listOf(rule: Rule): Rule {
  return (value) => {
    if (!Array.isArray(value)) return '$property must be a list';
    return value.map((item: unknown) => rule(item)).find((fault) => fault !== null) ?? null;
  };
}

/** A number of milliseconds that is finite and more than nothing. */
export function milliseconds(most = Number.MAX_VALUE): Rule {
  const limit = most === Number.MAX_VALUE ? '' : ` and at most ${most}`;
  return (value) =>
    isDuration(value) && value <= most
      ? null
      : `$property must be a number of milliseconds, at least 1${limit}`;
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
      const fault = rule(value, options)?.replaceAll('$property', name);
      return fault === undefined ? [] : [`${path}${name}: ${fault}`];
    }
    if (isRecord(value)) return faultsOf(value, rule, `${path}${name}.`);
    return [`${path}${name}: must be an object with ${Object.keys(rule).join(', ')}`];
  });
}

function ruleOf(name: string, rules: Rules): Rule | Rules | undefined {
  return Object.hasOwn(rules, name) ? rules[name] : undefined;
}

/** What is said of a name that is none of those known. */
export function unknownName(name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  return distance(name.toLowerCase(), meant.toLowerCase()) <= TYPOS
    ? `unknown; did you mean ${meant}?`
    : `unknown; there are ${known.join(', ')}`;
}
