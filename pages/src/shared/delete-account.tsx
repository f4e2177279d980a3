import { useState } from 'preact/hooks';
import { useTexts } from '../texts/texts.ts';
import { useAction } from './actions.ts';
import { call } from './api.ts';
import { useConfirmed } from './confirm.tsx';
import { Dialog } from './dialog.tsx';
import { RefusalNotice } from './notice.tsx';

interface DeleteAccountProps {
  /** Path of the user in the API. */
  readonly place: string;
  readonly question: string;
  readonly onDeleted: () => void;
}

/** A button that deletes an account after a question. */
export function DeleteAccount({ place, question, onDeleted }: DeleteAccountProps) {
  const t = useTexts();
  const confirmed = useConfirmed();
  const [isAsked, setAsked] = useState(false);
  const { busy, refusal, run } = useAction();
  const remove = async () => {
    setAsked(false);
    await confirmed(() => call('DELETE', place));
    onDeleted();
  };
  return (
    <>
      <RefusalNotice refusal={refusal} />
      <button type="button" class="danger" aria-disabled={busy} onClick={() => setAsked(true)}>
        {t.deleteAccount}
      </button>
      {isAsked && (
        <Dialog title={t.deleteAccount} onClose={() => setAsked(false)}>
          <p>{question}</p>
          <div class="row">
            <button type="button" class="danger" onClick={() => void run(remove)}>
              {t.deleteAccount}
            </button>
            <button type="button" onClick={() => setAsked(false)}>
              {t.cancel}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
