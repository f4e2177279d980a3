import { Get, Optional } from '@nestjs/common';
import { SignInService } from '../../../auth/sign-in.service.js';
import { AuthOptions } from '../../../auth/auth-options.js';
import { CoatcheckController } from '../../coatcheck-controller.js';
import { Public } from '../../../auth/decorators/access.js';
import { ApiAction, ApiAnswer, ApiTag } from '../../api-notes.js';
import { RegistrationDto } from './registration.dto.js';
import { MAX_LENGTH } from '../../../users/passwords/password-policy.js';
import { FactorsOptions } from '../../../factors/factors-options.js';
import { MailOptions } from '../../../mail/mail-options.js';
import { RegistrationService } from '../../../users/registration.service.js';
import { UsersOptions } from '../../../users/users-options.js';

/** The rules of registration and sign-in, for clients without a session. */
@ApiTag('users')
@CoatcheckController('registration')
export class RegistrationController {
  constructor(
    private readonly registration: RegistrationService,
    private readonly options: UsersOptions,
    private readonly signIns: SignInService,
    private readonly authOptions: AuthOptions,
    @Optional() private readonly mail?: MailOptions,
    @Optional() private readonly factors?: FactorsOptions,
  ) {}

  @Get()
  @Public()
  @ApiAction({
    id: 'getRegistration',
    summary: 'Read the rules for registration and sign-in',
    description: 'For registration and sign-in forms. Needs no authentication.',
    refusals: ['store_unavailable'],
  })
  @ApiAnswer(200, { type: RegistrationDto, description: 'The rules of this server.' })
  async read(): Promise<RegistrationDto> {
    const { registration: mode, setupCode, passwordMinLength } = this.options;
    const isWaiting = await this.registration.isWaitingForTheFirst();
    return {
      mode,
      open: mode === 'open' || isWaiting,
      waiting_for_first: isWaiting,
      setup_code_required: isWaiting && setupCode !== null,
      password_min_length: passwordMinLength,
      password_max_length: MAX_LENGTH,
      mail: this.mail !== undefined,
      email_verification: this.mail?.verification ?? 'off',
      factors: this.factors?.kinds ?? [],
      passkey_origins: this.factors?.passkeys?.origins ?? [],
      strategies: this.authOptions.types,
      transports: this.signIns.transports,
    };
  }
}
