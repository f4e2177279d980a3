import { LocationProvider, Route, Router, useLocation } from 'preact-iso';
import { Language } from '../shared/language.tsx';
import { ROOT, to } from '../shared/place.ts';
import { SignedIn } from '../shared/signed-in.tsx';
import { AccountFrame } from './account-frame.tsx';
import { DevicesPage } from './devices-page.tsx';
import { FactorsPage } from './factors-page.tsx';
import { ForgotPage } from './forgot-page.tsx';
import { CancelEmailPage, ConfirmEmailPage, VerifyPage } from './link-pages.tsx';
import { NotFoundPage } from '../shared/not-found-page.tsx';
import { PasswordPage } from './password-page.tsx';
import { ProfilePage } from './profile-page.tsx';
import { RegisterPage } from './register-page.tsx';
import { ResetPage } from './reset-page.tsx';
import { SignInPage } from './sign-in-page.tsx';
import { TokensPage } from './tokens-page.tsx';

/** Pages for people who have signed in. */
const OWN = {
  '': ProfilePage,
  devices: DevicesPage,
  password: PasswordPage,
  factors: FactorsPage,
  tokens: TokensPage,
};

/** The page at the path, if there is one. Its frame stays when people go to another one. */
function OwnPages() {
  const { path } = useLocation();
  const page = path.slice(ROOT.length);
  if (!Object.hasOwn(OWN, page)) return <NotFoundPage />;
  const Content = OWN[page as keyof typeof OWN];
  return (
    <SignedIn page={page}>
      {(current) => (
        <AccountFrame {...current} page={page}>
          <Content {...current} />
        </AccountFrame>
      )}
    </SignedIn>
  );
}

export function App() {
  return (
    <Language>
      <LocationProvider scope={ROOT}>
        <Router>
          <Route path={to('sign-in')} component={SignInPage} />
          <Route path={to('register')} component={RegisterPage} />
          <Route path={to('forgot')} component={ForgotPage} />
          <Route path={to('reset')} component={ResetPage} />
          <Route path={to('verify')} component={VerifyPage} />
          <Route path={to('email')} component={ConfirmEmailPage} />
          <Route path={to('email/cancel')} component={CancelEmailPage} />
          <Route default component={OwnPages} />
        </Router>
      </LocationProvider>
    </Language>
  );
}
