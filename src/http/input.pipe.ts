import {
  type ArgumentMetadata,
  Injectable,
  type Type,
  type ValidationError,
  ValidationPipe,
} from '@nestjs/common';
import { instanceToPlain, plainToInstance } from 'class-transformer';
import { getMetadataStorage, validate } from 'class-validator';
import { DomainError } from '../common/domain-error.js';
import { type InputFault, MISSING, NULL } from '../common/problem.js';
import { FieldRules, fieldRulesOf } from './field-rules.js';
import { isOptionalBody } from './optional-body.js';

/** The functions that Nest's pipe needs. Without this, it loads the two packages completely. */
const PACKAGES = {
  validatorPackage: { getMetadataStorage, validate },
  transformerPackage: { classToPlain: instanceToPlain, plainToInstance },
};

const UNKNOWN = 'unknown field';

/** How many faults one response lists. */
const MOST_FAULTS = 30;

/** Rules of the type. If one of them is broken, the other rules of the field are not reported. */
const TYPE_RULES = ['isString', 'isBoolean', 'isInt'];

/** A possible name of a field. Other texts may be secrets in the wrong place, and are not repeated. */
const FIELD_NAME = /^[\w.~/$@:-]{1,64}$/;

/** Checks input against the rules of its class. Reports every broken rule by its place, without the value. */
@Injectable()
export class InputPipe extends ValidationPipe {
  constructor(private readonly rules: FieldRules) {
    super({
      ...PACKAGES,
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      exceptionFactory: (errors) =>
        new DomainError('validation_failed', { faults: errors.flatMap((error) => faultsOf(error)) }),
    });
  }

  override async transform(given: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'custom') return given;
    const isLeftOut = given === undefined && metadata.type === 'body' && isOptionalBody(metadata.metatype);
    const value = isLeftOut ? {} : given;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (metadata.type === 'body' && this.toValidate(metadata) && !isObject)
      throw new DomainError('malformed_json');
    const refusesUnknown = this.validatorOptions.forbidNonWhitelisted && isObject;
    const inherited = refusesUnknown ? Object.keys(value).filter(isInherited) : [];
    const faults = inherited.map((key) => unknownField('', key));
    try {
      const input: unknown = await super.transform(value, metadata);
      if (faults.length === 0) return input;
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      faults.unshift(...error.faults);
    }
    const more = isObject && metadata.metatype ? await this.#check(metadata.metatype, value, faults) : [];
    throw new DomainError('validation_failed', {
      faults: bounded([...more, ...faults].toSorted(knownFirst)),
    });
  }

  /** The further faults of a refused body, so that a client gets all faults at once. */
  async #check(dto: Type, body: object, faults: readonly InputFault[]): Promise<InputFault[]> {
    const fields = new Map<string, unknown>(Object.entries(body));
    const rules = Object.entries(fieldRulesOf(dto.prototype as object));
    const details = rules.map(async ([field, rule]): Promise<InputFault[]> => {
      const [pointer, value] = [`/${field}`, fields.get(field)];
      if (typeof value !== 'string' || faults.some((fault) => fault.pointer === pointer)) return [];
      const detail = await this.rules.faultOf(rule, value, Object.fromEntries(fields));
      return detail === null ? [] : [{ pointer, detail }];
    });
    return (await Promise.all(details)).flat();
  }
}

/** At most `MOST_FAULTS` faults, because a small body can have thousands of unknown fields. */
function bounded(faults: readonly InputFault[]): InputFault[] {
  const rest = { pointer: '', detail: 'There are more faults than listed here. Correct these first.' };
  return faults.length <= MOST_FAULTS ? [...faults] : [...faults.slice(0, MOST_FAULTS), rest];
}

/** Whether class-transformer silently drops a field. */
function isInherited(key: string): boolean {
  return key in Object.prototype || key === 'prototype';
}

/** The broken rules of a field and of the fields in it. */
function faultsOf(
  { property, value, constraints = {}, children = [] }: ValidationError,
  parent = '',
): InputFault[] {
  if ('whitelistValidation' in constraints) return [unknownField(parent, property)];
  const pointer = `${parent}/${escaped(property)}`;
  const inner = children.flatMap((child) => faultsOf(child, pointer));
  if (Object.keys(constraints).length === 0) return inner;
  if (value === undefined || value === '') return [{ pointer, detail: MISSING }];
  if (value === null) return [{ pointer, detail: NULL }];
  const type = TYPE_RULES.find((rule) => rule in constraints);
  const details = type === undefined ? Object.values(constraints) : [constraints[type]!];
  return [...[...new Set(details)].map((detail) => ({ pointer, detail: `${detail}.` })), ...inner];
}

/** Sorts the faults of known fields before those of unknown ones. */
function knownFirst(a: InputFault, b: InputFault): number {
  return Number(a.detail.includes(UNKNOWN)) - Number(b.detail.includes(UNKNOWN));
}

/** Repeats the name only if it looks like a name: it may be a password in the wrong place. */
function unknownField(parent: string, name: string): InputFault {
  return FIELD_NAME.test(name)
    ? { pointer: `${parent}/${escaped(name)}`, detail: `This is an ${UNKNOWN}. Leave it out.` }
    : { pointer: parent, detail: `There is an ${UNKNOWN}. Leave it out.` };
}

/** A name as a part of a JSON pointer (RFC 6901, section 3). */
function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
