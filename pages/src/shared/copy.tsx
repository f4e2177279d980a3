import { useState } from 'preact/hooks';
import { useTexts } from '../texts/texts.ts';

/** Copies a text. There is none where the browser permits no copying, as on pages without HTTPS. */
export function CopyButton({ text }: { readonly text: string }) {
  const t = useTexts();
  const [isCopied, setCopied] = useState(false);
  if (!('clipboard' in navigator)) return null;
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  return (
    <button type="button" onClick={() => void copy()}>
      {isCopied ? t.copied : t.copy}
    </button>
  );
}
