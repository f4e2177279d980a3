import { LocationProvider, Route, Router } from 'preact-iso';
import { Language } from '../shared/language.tsx';
import { NotFoundPage } from '../shared/not-found-page.tsx';
import { ROOT, to } from '../shared/place.ts';
import { SignedIn } from '../shared/signed-in.tsx';
import { AdminFrame } from './admin-frame.tsx';
import { EventsPage } from './events-page.tsx';
import { OverviewPage } from './overview-page.tsx';
import { PeoplePage } from './people-page.tsx';
import { PersonPage } from './person-page.tsx';

const CONTENTS = { '': OverviewPage, people: PeoplePage, person: PersonPage, events: EventsPage };

const pages = Object.entries(CONTENTS).map(([page, Content]) => {
  const Page = () => (
    <SignedIn>
      {({ user }) => (
        <AdminFrame user={user} page={page}>
          <Content />
        </AdminFrame>
      )}
    </SignedIn>
  );
  return { page, Page };
});

export function App() {
  return (
    <Language>
      <LocationProvider scope={ROOT}>
        <Router>
          {pages.map(({ page, Page }) => (
            <Route key={page} path={to(page)} component={Page} />
          ))}
          <Route default component={NotFoundPage} />
        </Router>
      </LocationProvider>
    </Language>
  );
}
