import { deAdmin } from '../texts/de.ts';
import { enAdmin } from '../texts/en.ts';
import { type Language, useLanguage } from '../texts/texts.ts';

export type AdminTexts = typeof enAdmin;

const LANGUAGES = { en: enAdmin, de: deAdmin } satisfies Record<Language, AdminTexts>;

/** The texts of the administration in the language of the page. */
export function useAdminTexts(): AdminTexts {
  return LANGUAGES[useLanguage()];
}
