/** What the description of the API says of an answer. */
export interface AnswerFacts {
  readonly description?: string;
  /** The class of the body, or in brackets that of each in a list. */
  readonly type?: Class | [Class];
  /** The body in JSON Schema, where no class stands for it. */
  readonly schema?: { type: 'object'; properties: Record<string, object>; required: string[] };
}

/** What the description of the API says of a field of a body, a query or an answer. */
export interface FieldFacts {
  readonly description?: string;
  /** Where the field's own type does not tell. */
  readonly type?:
    'integer' | StringConstructor | BooleanConstructor | ObjectConstructor | Class | [StringConstructor];
  readonly format?: 'date-time' | 'email' | 'password' | 'uuid';
  readonly enum?: string[];
  readonly isArray?: true;
  readonly nullable?: true;
  readonly required?: false;
  readonly default?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
}

/** A decorator's facts and where it stood. */
export type ApiNote =
  | { readonly on: 'controller'; readonly place: [target: Class]; readonly tag: string | null }
  | {
      readonly on: 'handler';
      readonly place: [target: object, name: string | symbol, method: PropertyDescriptor];
      readonly answer: AnswerFacts & { readonly status: number };
    }
  | {
      readonly on: 'field';
      readonly place: [target: object, name: string | symbol];
      readonly field: FieldFacts;
    };

type Class = new (...args: never[]) => object;

const notes: ApiNote[] = [];

/** Files the routes of a controller under a word. */
export const ApiTag = (tag: string) => (target: Class) =>
  void notes.push({ on: 'controller', place: [target], tag });

/** Leaves the routes of a controller out of the description. */
export const ApiHidden = () => (target: Class) =>
  void notes.push({ on: 'controller', place: [target], tag: null });

/** Describes an answer of a handler. */
export const ApiAnswer =
  (status: number, facts: AnswerFacts = {}): MethodDecorator =>
  (...place) =>
    void notes.push({ on: 'handler', place, answer: { ...facts, status } });

/** Describes a field, and makes it known to the description. */
export const ApiField =
  (field: FieldFacts): PropertyDecorator =>
  (...place) =>
    void notes.push({ on: 'field', place, field });

/** Hands over what was noted since the last time: it is written down at start, and read when somebody asks for it. */
export function takeApiNotes(): ApiNote[] {
  return notes.splice(0);
}
