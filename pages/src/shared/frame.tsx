import type { ComponentChildren } from 'preact';
import { Heading } from './heading.tsx';
import { settings, to } from './place.ts';

interface FrameProps {
  /** What all these pages are. */
  readonly area: string;
  /** The titles of the pages that have a link, by their paths. */
  readonly titles: Readonly<Record<string, string>>;
  readonly page: string;
  readonly title: string;
  /** Beside the name of the service. */
  readonly who: ComponentChildren;
  /** Further items of the navigation. */
  readonly more?: ComponentChildren;
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}

/** A page for people who have signed in, with the links to the others. */
export function Frame({ area, titles, page, title, who, more, wide = false, children }: FrameProps) {
  return (
    <>
      <header class="top no-print">
        <p class="service">{settings.service ?? area}</p>
        <p class="who">{who}</p>
      </header>
      <div class={wide ? 'columns wide' : 'columns'}>
        <nav class="no-print" aria-label={area}>
          <ul>
            {Object.entries(titles).map(([name, text]) => (
              <li key={name}>
                <a href={to(name)} aria-current={name === page ? 'page' : undefined}>
                  {text}
                </a>
              </li>
            ))}
            {more}
          </ul>
        </nav>
        <main key={page}>
          <Heading title={title} />
          {children}
        </main>
      </div>
    </>
  );
}
