import { useLocation } from 'preact-iso';
import type { ComponentChildren } from 'preact';
import { useTexts } from '../texts/texts.ts';
import { useAction } from '../shared/actions.ts';
import { call } from '../shared/api.ts';
import { Heading } from '../shared/heading.tsx';
import { RefusalNotice } from '../shared/notice.tsx';
import { inAdmin, settings, to } from '../shared/place.ts';
import type { Current } from '../shared/signed-in.tsx';

interface AccountFrameProps extends Pick<Current, 'user' | 'rules'> {
  readonly page: string;
  readonly children: ComponentChildren;
}

/** A page for people who have signed in, with the links to the others. */
export function AccountFrame({ user, rules, page, children }: AccountFrameProps) {
  const t = useTexts();
  const { route } = useLocation();
  const { busy, refusal, run } = useAction();
  const titles: Readonly<Record<string, string>> = {
    '': t.profile,
    devices: t.devices,
    password: t.password,
    ...(rules.factors.length > 0 && { factors: t.factors }),
    ...(rules.transports.includes('bearer') && { tokens: t.tokens }),
  };
  const title = titles[page] ?? t.pageNotFound;
  const signOut = async () => {
    await call('DELETE', '/auth_session/logout');
    route(to('sign-in'));
  };
  return (
    <>
      <header class="top no-print">
        <p class="service">{settings.service ?? t.myAccount}</p>
        <p class="who">
          <span>{user.email}</span>
          <button type="button" aria-disabled={busy} onClick={() => void run(signOut)}>
            {t.signOut}
          </button>
        </p>
      </header>
      <div class="columns">
        <nav class="no-print" aria-label={t.myAccount}>
          <ul>
            {Object.entries(titles).map(([name, text]) => (
              <li key={name}>
                <a href={to(name)} aria-current={name === page ? 'page' : undefined}>
                  {text}
                </a>
              </li>
            ))}
            {user.role === 'admin' && (
              <li>
                <a href={inAdmin('')}>{t.administration}</a>
              </li>
            )}
          </ul>
        </nav>
        <main key={page}>
          <Heading title={title} />
          <RefusalNotice refusal={refusal} />
          {page in titles && children}
        </main>
      </div>
    </>
  );
}
