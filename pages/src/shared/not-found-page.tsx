import { useTexts } from '../texts/texts.ts';
import { inAccount } from './place.ts';
import { VisitorFrame } from './visitor-frame.tsx';

export function NotFoundPage() {
  const t = useTexts();
  return (
    <VisitorFrame title={t.pageNotFound}>
      <p>
        <a href={inAccount('')}>{t.myAccount}</a>
      </p>
    </VisitorFrame>
  );
}
