import type { SessionOptions, Store } from 'express-session';
import { LIFETIME, SECRET } from './environment.js';

declare module 'express-session' {
  interface SessionData {
    userId: string;
  }
}

/** What express-session recommends for sign-in; without a store it keeps sessions in memory. Plain HTTP, so not `secure`. */
export function sessionOptions(store?: Store): SessionOptions {
  return {
    secret: SECRET,
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: 'lax', maxAge: LIFETIME * 1000 },
    ...(store && { store }),
  };
}
