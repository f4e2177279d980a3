import type { ComponentChildren } from 'preact';
import { Frame } from '../shared/frame.tsx';
import { Notice } from '../shared/notice.tsx';
import { inAccount } from '../shared/place.ts';
import type { User } from '../shared/types.ts';
import { useTexts } from '../texts/texts.ts';
import { useAdminTexts } from './texts.ts';

interface AdminFrameProps {
  readonly user: User;
  readonly page: string;
  readonly children: ComponentChildren;
}

/** A page for administrators. */
export function AdminFrame({ user, page, children }: AdminFrameProps) {
  const [t, a] = [useTexts(), useAdminTexts()];
  const titles: Readonly<Record<string, string>> = { '': a.overview, people: a.people, events: a.events };
  const who = <a href={inAccount('')}>{user.email}</a>;
  return (
    <Frame
      area={t.administration}
      titles={titles}
      page={page}
      title={titles[page] ?? a.person}
      who={who}
      wide
    >
      {user.role === 'admin' ? children : <Notice kind="bad">{a.adminsOnly}</Notice>}
    </Frame>
  );
}
