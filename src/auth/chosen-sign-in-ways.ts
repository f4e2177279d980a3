import { Injectable } from '@nestjs/common';
import type { Transport } from '../sessions/session.js';
import { SignInWays } from '../users/sign-in-ways.js';
import { Auth } from './auth.js';
import { AuthOptions } from './auth-options.js';

/** The chosen strategies, as strangers are told of them. */
@Injectable()
export class ChosenSignInWays extends SignInWays {
  readonly strategies: readonly string[];
  readonly transports: readonly Transport[];

  constructor({ types }: AuthOptions, { transports }: Auth) {
    super();
    this.strategies = types;
    this.transports = transports;
  }
}
