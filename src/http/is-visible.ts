import { ValidateBy, type ValidationArguments, type ValidationOptions } from 'class-validator';
import { isVisible } from '../common/visible.js';

/** A text without invisible characters. A text that is not empty has a visible character. */
export const IsVisible = (options: ValidationOptions = {}) => {
  const message = ({ value }: ValidationArguments) => faultOf(value) ?? '';
  const validate = (value: unknown) => faultOf(value) === null;
  return ValidateBy({ name: 'isVisible', validator: { validate } }, { message, ...options });
};

function faultOf(text: unknown): string | null {
  if (typeof text !== 'string') return 'must be a string';
  if (!isVisible(text)) return 'must not contain control or invisible characters';
  return /^[\p{Z}\p{M}]+$/u.test(text) ? 'must contain a visible character' : null;
}
