import { SetMetadata } from '@nestjs/common';

const FORM_BODY = 'coatcheck:alx-form-body';

/** Takes the body as a form. */
export const FormBody = () => SetMetadata(FORM_BODY, true);

/** Whether the body of a handler is a form. */
export function takesForm(handler: object): boolean {
  return Reflect.hasMetadata(FORM_BODY, handler);
}
