/** How people sign in here: told to strangers, so that a client shows the right form. */
export abstract class SignInWays {
  /** The words of `AUTH_TYPE`. */
  abstract readonly strategies: readonly string[];
  /** How a session token may travel that `POST /auth_session/login` gives out; empty where there is no login. */
  abstract readonly transports: readonly ('cookie' | 'bearer')[];
}
