import { SetMetadata } from '@nestjs/common';

export const CREDENTIALS_BODY = 'coatcheck:credentials-body';

/** Takes credentials in the form that the dialect has them in. */
export const CredentialsBody = () => SetMetadata(CREDENTIALS_BODY, true);

export const OWN_BODY = 'coatcheck:own-body';

/** The handler, or an interceptor of its own, reads the body: of any type and size. */
export const ReadsOwnBody = () => SetMetadata(OWN_BODY, true);
