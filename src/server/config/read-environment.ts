import { readFileSync, statSync } from 'node:fs';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { decodeUtf8, isDecoded } from '../../common/utf8.js';
import { Environment, NAMES, type Name, SECRETS } from './environment.js';
import { unknownNames } from './unknown-names.js';

export type Variables = Readonly<Record<string, string | undefined>>;
export type Source = 'environment' | 'file' | 'default';

export interface Reading {
  readonly environment: Environment;
  readonly sources: ReadonlyMap<Name, Source>;
  /** One sentence each. Contains names, no values. */
  readonly problems: readonly string[];
  /** One sentence for each variable that is not read but does not stop the start. */
  readonly warnings: readonly string[];
}

/** Bytes. */
const LARGEST_SECRET = 65_536;

const EMPTY = 'is empty; set a value, or unset the variable';

/** Reads and validates every variable. A variable that is set but empty is a problem, unless `mayBeEmpty` names it. */
export function readEnvironment(
  variables: Variables,
  { strict, mayBeEmpty }: { strict: boolean; mayBeEmpty: readonly string[] },
): Reading {
  const sources = new Map<Name, Source>();
  const { errors, warnings } = unknownNames(variables);
  const problems = strict ? errors : [];
  if (!strict) warnings.unshift(...errors);
  const given: Partial<Record<Name, string>> = {};
  const valueOf = (name: string): string | undefined => {
    const value = variables[name];
    if (value === undefined || !isBlank(value) || mayBeEmpty.includes(name)) return value;
    problems.push(`${name}: ${EMPTY}`);
    return undefined;
  };
  for (const name of NAMES) {
    const file = isSecret(name) ? valueOf(`${name}_FILE`) : undefined;
    const value = valueOf(name);
    if (file !== undefined && value !== undefined)
      problems.push(`${name}: is set twice, also as ${name}_FILE; unset one of them`);
    const content = file === undefined ? value : readSecret(file);
    if (content instanceof Unreadable) problems.push(`${name}_FILE: ${content.reason}`);
    else if (content === value && !isDecoded(content ?? ''))
      problems.push(`${name}: is not UTF-8; set it in this encoding`);
    else if (content !== undefined) given[name] = content;
    sources.set(name, sourceOf(file, value));
  }
  const environment = plainToInstance(Environment, given);
  for (const { property, constraints = {} } of validateSync(environment, { stopAtFirstError: true })) {
    problems.push(`${property}: ${Object.values(constraints)[0]}`);
  }
  return { environment, sources, problems, warnings };
}

function sourceOf(file: string | undefined, value: string | undefined): Source {
  if (file !== undefined) return 'file';
  return value === undefined ? 'default' : 'environment';
}

function isSecret(name: Name): boolean {
  return (SECRETS as readonly Name[]).includes(name);
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}

class Unreadable {
  constructor(readonly reason: string) {}
}

/** Reads a file without its last line break. Refuses devices and files above `LARGEST_SECRET`. */
function readSecret(file: string): string | Unreadable {
  try {
    const stats = statSync(file);
    if (!stats.isFile() || stats.size > LARGEST_SECRET) return new Unreadable('cannot be read');
    const text = decodeUtf8(readFileSync(file))?.replace(/\r?\n$/, '');
    if (text === undefined) return new Unreadable('is not UTF-8; write the file in this encoding');
    return isBlank(text)
      ? new Unreadable('the file is empty; write a value into it, or unset the variable')
      : text;
  } catch {
    return new Unreadable('cannot be read');
  }
}
