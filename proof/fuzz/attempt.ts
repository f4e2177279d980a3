/** Part of what is sent wherever something may be sent; no refusal may have it in it. No id of a request looks so. */
export const MARK = 'm4rk!input';

/** Whose credentials and id there are to be had. */
export const PEOPLE = ['ann', 'ben', 'admin'] as const;
export type Name = (typeof PEOPLE)[number];
export type Fact = 'cookie' | 'bearer' | 'program' | 'basic' | 'id' | 'session' | 'email' | 'password';

/** One thing that is sent, with places for what only a running server knows. */
export type Attempt =
  | {
      readonly kind: 'request';
      readonly method: string;
      readonly target: string;
      readonly headers: readonly (readonly [name: string, value: string])[];
      readonly body: string | undefined;
    }
  | { readonly kind: 'raw'; readonly text: string };

const [OPENING, CLOSING] = ['\u{e000}', '\u{e001}'];
const PLACE = new RegExp(`${OPENING}(\\w+):(\\w+)${CLOSING}`, 'g');

/** Where a fact of a person is put in when it is sent. */
export function place(fact: Fact, name: Name): string {
  return `${OPENING}${fact}:${name}${CLOSING}`;
}

/** The text with the facts in their places. */
export function fillIn(text: string, tell: (fact: Fact, name: Name) => string): string {
  return text.replaceAll(PLACE, (_, fact: Fact, name: Name) => tell(fact, name));
}
