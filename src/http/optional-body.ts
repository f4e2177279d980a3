import { SetMetadata, type Type } from '@nestjs/common';

const OPTIONAL_BODY = 'coatcheck:optional-body';

/** Lets a request leave out the body of this class: it is an empty object then. */
export const OptionalBody = (): ClassDecorator => SetMetadata(OPTIONAL_BODY, true);

/** Whether a request may leave out the body of a class. */
export function isOptionalBody(type: Type | undefined): boolean {
  return type !== undefined && Reflect.hasMetadata(OPTIONAL_BODY, type);
}
