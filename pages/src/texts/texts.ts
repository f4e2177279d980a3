import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { de } from './de.ts';
import { en } from './en.ts';

export type Texts = typeof en;

export const LANGUAGES = { en, de } satisfies Record<string, Texts>;

export type Language = keyof typeof LANGUAGES;

const KEPT_AS = 'coatcheck-language';

/** The language that the person chose; otherwise the first one of the browser that there is, or English. */
export function firstLanguage(): Language {
  const wanted = [keptLanguage(), ...navigator.languages];
  const known = wanted.map((one) => one?.slice(0, 2)).find((one) => one !== undefined && one in LANGUAGES);
  return (known as Language | undefined) ?? 'en';
}

/** Storage can be switched off in a browser: then the choice is for this page only. */
function keptLanguage(): string | undefined {
  try {
    return localStorage.getItem(KEPT_AS) ?? undefined;
  } catch {
    return undefined;
  }
}

export function keepLanguage(language: Language): void {
  try {
    localStorage.setItem(KEPT_AS, language);
  } catch {
    // As above.
  }
}

const InLanguage = createContext<Language>('en');
export const LanguageProvider = InLanguage.Provider;

export function useLanguage(): Language {
  return useContext(InLanguage);
}

/** The texts in the language of the page. */
export function useTexts(): Texts {
  return LANGUAGES[useLanguage()];
}

/** A day and time in the language of the page. */
export function useDates(): (at: string) => string {
  const format = new Intl.DateTimeFormat(useLanguage(), { dateStyle: 'medium', timeStyle: 'short' });
  return (at) => format.format(new Date(at));
}
