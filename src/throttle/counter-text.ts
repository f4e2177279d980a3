import { NEVER } from '../common/clock.js';

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value can be a number of things. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Whether a value can be an instant in epoch milliseconds. */
export function isInstant(value: unknown): value is number {
  return isCount(value) && value <= NEVER.getTime();
}
