import type { ComponentChildren } from 'preact';
import { useTexts } from '../texts/texts.ts';
import { Form } from './form.tsx';

interface RenameFormProps {
  readonly action: (fields: Readonly<Record<string, string>>) => Promise<unknown>;
  readonly onCancel: () => void;
  readonly children: ComponentChildren;
}

/** A form for a new name, in place of the buttons that opened it. */
export function RenameForm({ action, onCancel, children }: RenameFormProps) {
  const t = useTexts();
  const cancel = (
    <button type="button" class="link" onClick={onCancel}>
      {t.cancel}
    </button>
  );
  return (
    <Form submit={t.save} action={action} aside={cancel}>
      {children}
    </Form>
  );
}
