import type { ErrorCode } from '../common/refusals.js';

/** The headers of some successful responses; `http/api-headers.ts` describes each. */
export type AnswerHeader = 'Set-Cookie' | 'Link' | 'Next-Cursor' | 'Clear-Site-Data' | 'Content-Disposition';

/** The groups of operations; `http/api-description.ts` describes each. */
export type Tag = 'session' | 'factors' | 'users' | 'audit' | 'service';

/** The description of a successful response. Without a type or a schema, its body is an empty object. */
export interface AnswerFacts {
  readonly description: string;
  /** The class of the body; in brackets, the class of the items of a list. */
  readonly type?: Class | [Class];
  /** The JSON Schema of the body, if it has no class. */
  readonly schema?: { type: 'object'; properties: Record<string, object>; required: string[] };
  /** The type of a body that is a text. */
  readonly text?: 'text/csv';
  readonly headers?: readonly AnswerHeader[];
}

/** The description of an operation. */
export interface ActionFacts {
  /** Unique and stable, because generated clients name a method after it. */
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

/** The description of a field of a body, a query or a response. */
export interface FieldFacts {
  readonly description?: string;
  /** Needed if the TypeScript type of the field does not show it. */
  readonly type?: 'integer' | StringConstructor | BooleanConstructor | Class | [StringConstructor | Class];
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
  /** Set for an object of any form. */
  readonly additionalProperties?: true;
}

/** The facts of a decorator and its place. */
export type ApiNote =
  | { readonly on: 'controller'; readonly place: [target: Class]; readonly tag: Tag }
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

/** Gives the routes of a controller a tag. */
export const ApiTag = (tag: Tag) => (target: Class) =>
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

/** Describes a successful response of a handler. */
export const ApiAnswer =
  (status: 200 | 201 | 202, facts: AnswerFacts): MethodDecorator =>
  (...place) =>
    void notes.push({ on: 'answer', place, answer: { ...facts, status } });

/** Describes a field. */
export const ApiField =
  (field: FieldFacts): PropertyDecorator =>
  (...place) =>
    void notes.push({ on: 'field', place, field });

/** Describes a part of a request by the class of its rules. */
export const ApiInput =
  (part: 'body' | 'query', dto: Class) =>
  (...place: [target: object, name: string | symbol]): void =>
    void notes.push({ on: 'input', place, part, dto });

/** Returns the notes of all decorators that ran since the last call, and forgets them. */
export function takeApiNotes(): ApiNote[] {
  return notes.splice(0);
}
