import { useLocation } from 'preact-iso';
import type { ComponentChildren } from 'preact';
import { useTexts } from '../texts/texts.ts';
import { useAction } from '../shared/actions.ts';
import { call } from '../shared/api.ts';
import { RefusalNotice } from '../shared/notice.tsx';
import { to } from '../shared/place.ts';
import type { Current } from '../shared/signed-in.tsx';
import { useTitle } from '../shared/title.ts';

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
  const service = useTitle(title);
  const signOut = async () => {
    await call('DELETE', '/auth_session/logout');
    route(to('sign-in'));
  };
  return (
    <>
      <header class="top no-print">
        <p class="service">{service ?? t.myAccount}</p>
        <p class="who">
          <span>{user.email}</span>
          <button type="button" disabled={busy} onClick={() => void run(signOut)}>
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
          </ul>
        </nav>
        <main>
          <h1>{title}</h1>
          <RefusalNotice refusal={refusal} />
          {page in titles && children}
        </main>
      </div>
    </>
  );
}
