import { SetMetadata } from '@nestjs/common';

export const CREDENTIALS_BODY = 'coatcheck:credentials-body';

/** Takes credentials in the form that the dialect has them in. */
export const CredentialsBody = () => SetMetadata(CREDENTIALS_BODY, true);
