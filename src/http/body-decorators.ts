import { SetMetadata } from '@nestjs/common';

export const OWN_BODY = 'coatcheck:own-body';

/** The handler, or an interceptor of its own, reads the body: of any type and size. */
export const ReadsOwnBody = () => SetMetadata(OWN_BODY, true);
