const RULES = 'coatcheck:field-rules';

/** The rules that need more than the value of a field: the configuration, the other fields or the time. */
export type FieldRule = 'address' | 'new_password' | 'role' | 'token_end';

/** Checks a text field of a body by a rule that needs more than its value. */
export const CheckedBy =
  (rule: FieldRule): PropertyDecorator =>
  (target, field) =>
    Reflect.defineMetadata(RULES, { ...fieldRulesOf(target), [field]: rule }, target);

/** The fields of a body class with such a rule. */
export function fieldRulesOf(prototype: object): Readonly<Record<string, FieldRule>> {
  return (Reflect.getMetadata(RULES, prototype) ?? {}) as Record<string, FieldRule>;
}

/** Applies the rules that need more than the value of a field. */
export abstract class FieldRules {
  /** A sentence that says what breaks the rule, or null. The code that uses the body checks again. */
  abstract faultOf(
    rule: FieldRule,
    value: string,
    body: Readonly<Record<string, unknown>>,
  ): Promise<string | null> | string | null;
}
