import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import {
  LANGUAGES,
  LanguageProvider,
  type Language as OneLanguage,
  firstLanguage,
  keepLanguage,
} from '../texts/texts.ts';

/** Shows the pages in a language of the person, who can choose another one. */
export function Language({ children }: { readonly children: ComponentChildren }) {
  const [language, setLanguage] = useState(firstLanguage);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const choose = (chosen: OneLanguage) => {
    keepLanguage(chosen);
    setLanguage(chosen);
  };
  return (
    <LanguageProvider value={language}>
      {children}
      <footer class="languages no-print">
        {Object.entries(LANGUAGES).map(([code, { languageName }]) => (
          <button
            key={code}
            type="button"
            class="link"
            lang={code}
            aria-pressed={code === language}
            onClick={() => choose(code as OneLanguage)}
          >
            {languageName}
          </button>
        ))}
      </footer>
    </LanguageProvider>
  );
}
