import type { ComponentChildren } from 'preact';
import { Heading } from '../shared/heading.tsx';
import { Notice } from '../shared/notice.tsx';
import { inAccount, settings, to } from '../shared/place.ts';
import type { User } from '../shared/types.ts';
import { useTexts } from '../texts/texts.ts';
import { useAdminTexts } from './texts.ts';

interface AdminFrameProps {
  readonly user: User;
  readonly page: string;
  readonly children: ComponentChildren;
}

/** A page for administrators, with the links to the others. */
export function AdminFrame({ user, page, children }: AdminFrameProps) {
  const [t, a] = [useTexts(), useAdminTexts()];
  const titles: Readonly<Record<string, string>> = { '': a.overview, people: a.people, events: a.events };
  const title = titles[page] ?? a.person;
  return (
    <>
      <header class="top no-print">
        <p class="service">{settings.service ?? t.administration}</p>
        <p class="who">
          <a href={inAccount('')}>{user.email}</a>
        </p>
      </header>
      <div class="columns wide">
        <nav class="no-print" aria-label={t.administration}>
          <ul>
            {Object.entries(titles).map(([name, text]) => (
              <li key={name}>
                <a href={to(name)} aria-current={name === page ? 'page' : undefined}>
                  {text}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <main key={page}>
          <Heading title={title} />
          {user.role === 'admin' ? children : <Notice kind="bad">{a.adminsOnly}</Notice>}
        </main>
      </div>
    </>
  );
}
