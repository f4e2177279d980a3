import { type ArgumentMetadata, type ValidationError, ValidationPipe } from '@nestjs/common';
import { instanceToPlain, plainToInstance } from 'class-transformer';
import { getMetadataStorage, validate } from 'class-validator';
import { DomainError, type InputFault, MISSING, invalid } from '../common/domain-error.js';
import type { Dialect } from './dialect.js';

/** What Nest's pipe wants of the two, which it would load whole by itself: telephone numbers, and all. */
const PACKAGES = {
  validatorPackage: { getMetadataStorage, validate },
  transformerPackage: { classToPlain: instanceToPlain, plainToInstance },
};

/** Its name is not told, as it may be a password in the wrong place. */
const UNKNOWN_FIELD: InputFault = { pointer: '', detail: 'A field that is not known here.' };

/** Checks input against the rules of its class; what it refuses it names by place, never by value. */
export class InputPipe extends ValidationPipe {
  readonly #refusesUnknownFields: boolean;

  constructor({ name, refusesUnknownFields }: Dialect) {
    super({
      ...PACKAGES,
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: refusesUnknownFields,
      stopAtFirstError: true,
      groups: [name],
      always: true,
      exceptionFactory: (errors) => new DomainError('validation_failed', { faults: errors.map(toFault) }),
    });
    this.#refusesUnknownFields = refusesUnknownFields;
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'custom') return value;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (metadata.type === 'body' && this.toValidate(metadata) && !isObject)
      throw new DomainError('malformed_json');
    if (this.#refusesUnknownFields && isObject && Object.keys(value).some(isInherited))
      throw invalid(UNKNOWN_FIELD.pointer, UNKNOWN_FIELD.detail);
    return super.transform(value, metadata);
  }
}

/** A field that class-transformer drops without a word. */
function isInherited(key: string): boolean {
  return key in Object.prototype || key === 'prototype';
}

function toFault({ property, value, constraints = {} }: ValidationError): InputFault {
  if ('whitelistValidation' in constraints) return UNKNOWN_FIELD;
  const pointer = `/${property}`;
  if (value === undefined || value === null || value === '') return { pointer, detail: MISSING };
  return { pointer, detail: `${Object.values(constraints)[0] ?? 'Not valid'}.` };
}
