import { SetMetadata } from '@nestjs/common';

const FORM_BODY = 'coatcheck:alx-form-body';

/** The handler accepts a form as its body. */
export const FormBody = () => SetMetadata(FORM_BODY, true);

/** Whether a handler accepts a form. */
export function takesForm(handler: object): boolean {
  return Reflect.hasMetadata(FORM_BODY, handler);
}
