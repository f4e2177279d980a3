import { useLocation } from 'preact-iso';
import type { ComponentChildren } from 'preact';
import { useTexts } from '../texts/texts.ts';
import { useAction } from '../shared/actions.ts';
import { call } from '../shared/api.ts';
import { Frame } from '../shared/frame.tsx';
import { RefusalNotice } from '../shared/notice.tsx';
import { inAdmin, to } from '../shared/place.ts';
import type { Current } from '../shared/signed-in.tsx';

interface AccountFrameProps extends Pick<Current, 'user' | 'rules'> {
  readonly page: string;
  readonly children: ComponentChildren;
}

/** A page of the account. */
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
  const who = (
    <>
      <span>{user.email}</span>
      <button type="button" aria-disabled={busy} onClick={() => void run(signOut)}>
        {t.signOut}
      </button>
    </>
  );
  const more = user.role === 'admin' && (
    <li>
      <a href={inAdmin('')}>{t.administration}</a>
    </li>
  );
  return (
    <Frame area={t.myAccount} titles={titles} page={page} title={title} who={who} more={more}>
      <RefusalNotice refusal={refusal} />
      {page in titles && children}
    </Frame>
  );
}
