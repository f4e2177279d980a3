import { ThrottleStore } from '../throttle/throttle-store.js';

/** Small texts with an end that are kept where users are, so that they are as durable as users. */
export abstract class ResetTokenStore extends ThrottleStore {}
