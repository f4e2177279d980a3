import { useTexts } from '../texts/texts.ts';
import { to } from '../shared/place.ts';
import { VisitorFrame } from './visitor-frame.tsx';

export function NotFoundPage() {
  const t = useTexts();
  return (
    <VisitorFrame title={t.pageNotFound}>
      <p>
        <a href={to('')}>{t.myAccount}</a>
      </p>
    </VisitorFrame>
  );
}
