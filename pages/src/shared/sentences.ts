import type { Texts } from '../texts/texts.ts';
import type { Fault, Refusal } from './api.ts';

/** The number that a sentence of the API names, such as a length. */
const NUMBER = /\d+/;

/** What a refusal means to the person, and what to do: for faults in fields, what is wrong with each. */
export function sentenceOf({ code, problem, retryAfter }: Refusal, t: Texts): string {
  const { errors = [] } = problem;
  if (errors.length > 0) return errors.map((fault) => faultSentence(fault, t)).join(' ');
  if (retryAfter !== null && code in t.waits) return t.waits[code as keyof Texts['waits']](retryAfter);
  if (code in t.refusals) return t.refusals[code as keyof Texts['refusals']];
  return problem.detail ?? t.refusals.unreachable;
}

/** The sentence for a fault: in the language of the page if it is a known one, otherwise that of the API. */
export function faultSentence({ detail }: Fault, t: Texts): string {
  const number = NUMBER.exec(detail)?.[0] ?? '';
  const known = t.faults.find(({ begins }) => detail.startsWith(begins));
  return known?.says.replace('#', number) ?? detail;
}
