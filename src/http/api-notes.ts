import type { ErrorCode } from '../common/refusals.js';

/** The headers that some successful answers have; `http/api-headers.ts` describes each. */
export type AnswerHeader = 'Set-Cookie' | 'Link' | 'Next-Cursor' | 'Clear-Site-Data';

/** What the description of the API says of a successful answer. Without a type or a schema its body is an empty object. */
export interface AnswerFacts {
  readonly description: string;
  /** The class of the body, or in brackets that of each in a list. */
  readonly type?: Class | [Class];
  /** The body in JSON Schema, where no class stands for it. */
  readonly schema?: { type: 'object'; properties: Record<string, object>; required: string[] };
  readonly headers?: readonly AnswerHeader[];
}

/** What the description of the API says of an operation. */
export interface ActionFacts {
  /** Unique and stable: generated clients name a method by it. */
  readonly id: string;
  /** A few words, as a heading. */
  readonly summary: string;
  /** Sentences: what it does and for whom. */
  readonly description: string;
  /** The codes of its own refusals, besides those that follow from its decorators and its body. */
  readonly refusals?: readonly ErrorCode[];
  /** Set where the request may leave out its body. */
  readonly optionalBody?: true;
}

/** What the description of the API says of a field of a body, a query or an answer. */
export interface FieldFacts {
  readonly description?: string;
  /** Where the field's own type does not tell. */
  readonly type?: 'integer' | StringConstructor | BooleanConstructor | Class | [StringConstructor];
  readonly format?: 'date-time' | 'email' | 'password' | 'uuid';
  readonly enum?: string[];
  readonly isArray?: true;
  readonly nullable?: true;
  readonly required?: false;
  readonly default?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly example?: unknown;
}

/** A decorator's facts and where it stood. */
export type ApiNote =
  | { readonly on: 'controller'; readonly place: [target: Class]; readonly tag: string }
  | { readonly on: 'hidden'; readonly place: [target: Class] | HandlerPlace }
  | { readonly on: 'answer'; readonly place: HandlerPlace; readonly answer: AnswerFacts & { status: number } }
  | { readonly on: 'action'; readonly place: HandlerPlace; readonly action: ActionFacts }
  | {
      readonly on: 'input';
      readonly place: [target: object, name: string | symbol];
      readonly part: 'body' | 'query';
      readonly dto: Class;
    }
  | {
      readonly on: 'field';
      readonly place: [target: object, name: string | symbol];
      readonly field: FieldFacts;
    };

type Class = new (...args: never[]) => object;
type HandlerPlace = [target: object, name: string | symbol, method: PropertyDescriptor];

const notes: ApiNote[] = [];

/** Files the routes of a controller under a word. */
export const ApiTag = (tag: string) => (target: Class) =>
  void notes.push({ on: 'controller', place: [target], tag });

/** Names and describes the operation of a handler. */
export const ApiAction =
  (action: ActionFacts): MethodDecorator =>
  (...place) =>
    void notes.push({ on: 'action', place, action });

/** Leaves a handler, or all of a controller, out of the description. */
export const ApiHidden =
  () =>
  (...place: [target: Class] | HandlerPlace): void =>
    void notes.push({ on: 'hidden', place });

/** Describes a successful answer of a handler. */
export const ApiAnswer =
  (status: 200 | 201, facts: AnswerFacts): MethodDecorator =>
  (...place) =>
    void notes.push({ on: 'answer', place, answer: { ...facts, status } });

/** Describes a field, and makes it known to the description. */
export const ApiField =
  (field: FieldFacts): PropertyDecorator =>
  (...place) =>
    void notes.push({ on: 'field', place, field });

/** Describes a part of a request by the class of its rules. */
export const ApiInput =
  (part: 'body' | 'query', dto: Class) =>
  (...place: [target: object, name: string | symbol]): void =>
    void notes.push({ on: 'input', place, part, dto });

/** Hands over what was noted since the last time: it is written down at start, and read when somebody asks for it. */
export function takeApiNotes(): ApiNote[] {
  return notes.splice(0);
}
