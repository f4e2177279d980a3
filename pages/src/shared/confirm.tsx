import { type ComponentChildren, createContext } from 'preact';
import { useCallback, useContext, useState } from 'preact/hooks';
import { useTexts } from '../texts/texts.ts';
import { Refusal, call } from './api.ts';
import { Dialog } from './dialog.tsx';
import { ProofForm } from './factor-forms.tsx';
import type { Factors } from './types.ts';

type Action = <T>(action: () => Promise<T>) => Promise<T>;

const Confirming = createContext<Action>((action) => action());

/** Runs an action. If the API asks the person to confirm who they are, a dialog does, and the action is repeated. */
export function useConfirmed(): Action {
  return useContext(Confirming);
}

interface Question {
  readonly kinds: readonly string[];
  readonly answer: (isConfirmed: boolean) => void;
}

/** Shows the dialog in which people confirm who they are. */
export function Confirmation({
  email,
  children,
}: {
  readonly email: string;
  readonly children: ComponentChildren;
}) {
  const t = useTexts();
  const [question, ask] = useState<Question | null>(null);
  const confirmed = useCallback<Action>(async (action) => {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'session_not_fresh') throw error;
      const kinds = await kindsOf(error);
      const isConfirmed = await new Promise<boolean>((answer) => ask({ kinds, answer }));
      ask(null);
      if (!isConfirmed) throw new Refusal(0, 'not_confirmed');
      return await action();
    }
  }, []);
  return (
    <Confirming.Provider value={confirmed}>
      {children}
      {question && (
        <Dialog title={t.confirmTitle} onClose={() => question.answer(false)}>
          <p>{t.confirmIntro}</p>
          <Question question={question} email={email} />
          <button type="button" class="link" onClick={() => question.answer(false)}>
            {t.cancel}
          </button>
        </Dialog>
      )}
    </Confirming.Provider>
  );
}

function Question({ question, email }: { readonly question: Question; readonly email: string }) {
  const send = async (proof: object) => {
    const route = 'password' in proof ? '/sessions/current/reauthenticate' : '/factors/confirm';
    await call('POST', route, proof);
    question.answer(true);
  };
  return <ProofForm kinds={question.kinds} optionsAt="/factors/confirm/options" email={email} send={send} />;
}

/** The kinds of proofs that the person can give and the API accepts. */
async function kindsOf({ problem: { proofs } }: Refusal): Promise<readonly string[]> {
  const factors = await call<Factors>('GET', '/factors').catch(() => null);
  const owned = [
    'password',
    ...(factors && factors.passkeys.length > 0 ? ['passkey'] : []),
    ...(factors?.totp ? ['totp'] : []),
    ...(factors?.recovery_codes?.left ? ['recovery_code'] : []),
  ];
  return proofs ? owned.filter((kind) => proofs.includes(kind)) : owned;
}
