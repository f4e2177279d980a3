import { type ArgumentMetadata, type ValidationError, ValidationPipe } from '@nestjs/common';
import { DomainError, type InputFault, MISSING } from '../common/domain-error.js';
import type { Dialect } from './dialect.js';

/** Checks input against the rules of its class; what it refuses it names by place, never by value. */
export class InputPipe extends ValidationPipe {
  constructor({ refusesUnknownFields }: Dialect) {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: refusesUnknownFields,
      stopAtFirstError: true,
      exceptionFactory: (errors) => new DomainError('validation_failed', { faults: errors.map(toFault) }),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (metadata.type === 'body' && this.toValidate(metadata) && !isObject)
      throw new DomainError('malformed_json');
    return super.transform(value, metadata);
  }
}

function toFault({ property, value, constraints = {} }: ValidationError): InputFault {
  if ('whitelistValidation' in constraints) return { pointer: '', detail: 'A field that is not known here.' };
  const pointer = `/${property}`;
  if (value === undefined || value === null || value === '') return { pointer, detail: MISSING };
  return { pointer, detail: `${Object.values(constraints)[0] ?? 'Not valid'}.` };
}
