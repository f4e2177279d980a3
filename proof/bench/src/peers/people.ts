/** What every server of this comparison answers to `GET /users/me`. */
export interface Person {
  readonly id: string;
  readonly email: string;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly role: string;
}

const COUNT = 100;

/** The password of all, which no measured request of a peer checks, and which is therefore not hashed here. */
export const PASSWORD = 'correct horse battery';

/** The e-mails of all people, in order; the names of those whom a server is asked to sign up. */
export const EMAILS = Array.from({ length: COUNT }, (_, index) => emailOf(index));

/** Who exists from the start at servers without sign-up, by id. */
export const PEOPLE: ReadonlyMap<string, Person> = new Map(
  EMAILS.map((email, index) => personOf(email, index)).map((person) => [person.id, person]),
);

/** The one that constants answer. */
export const ANYBODY: Person = personOf('person1@example.com', 0);

const byEmail = new Map([...PEOPLE.values()].map((person) => [person.email, person]));

/** Who signs in so; null where nobody does. */
export function signIn(email: unknown, password: unknown): Person | null {
  return (password === PASSWORD && byEmail.get(String(email))) || null;
}

/** The e-mail of a person, the first of whom is 0; of more than all people, too. */
export function emailOf(index: number): string {
  return `person${index + 1}@example.com`;
}

function personOf(email: string, index: number): Person {
  return {
    id: `90854fe2-bb22-48a3-922a-${String(index).padStart(12, '0')}`,
    email,
    first_name: null,
    last_name: null,
    created_at: '2026-11-21T22:27:33.039Z',
    updated_at: '2026-11-21T22:27:33.039Z',
    role: 'user',
  };
}
