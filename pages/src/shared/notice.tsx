import type { ComponentChildren } from 'preact';
import { useTexts } from '../texts/texts.ts';
import type { Refusal } from './api.ts';
import { Heading } from './heading.tsx';
import { sentenceOf } from './sentences.ts';

interface NoticeProps {
  readonly kind: 'good' | 'bad' | 'plain';
  readonly children: ComponentChildren;
}

/** A message that screen readers read at once. */
export function Notice({ kind, children }: NoticeProps) {
  return (
    <div class={`notice ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
      {children}
    </div>
  );
}

/** What a refusal says; nothing without one. */
export function RefusalNotice({ refusal }: { readonly refusal: Refusal | null }) {
  const t = useTexts();
  return refusal && <Notice kind="bad">{sentenceOf(refusal, t)}</Notice>;
}

interface FailedProps {
  readonly refusal: Refusal;
  readonly again: () => Promise<void>;
}

/** In place of a page that could not be loaded. */
export function Failed({ refusal, again }: FailedProps) {
  const t = useTexts();
  return (
    <main class="narrow card">
      <Heading title={t.notLoaded} />
      <RefusalNotice refusal={refusal} />
      <button type="button" class="main" onClick={() => void again()}>
        {t.tryAgain}
      </button>
    </main>
  );
}
