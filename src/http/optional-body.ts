import { SetMetadata, type Type } from '@nestjs/common';

const OPTIONAL_BODY = 'coatcheck:optional-body';

/** Allows a request without a body of this class, which is then an empty object. */
export const OptionalBody = (): ClassDecorator => SetMetadata(OPTIONAL_BODY, true);

/** Whether a request may leave out the body of a class. */
export function isOptionalBody(type: Type | undefined): boolean {
  return type !== undefined && Reflect.hasMetadata(OPTIONAL_BODY, type);
}
