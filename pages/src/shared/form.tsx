import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect, useId, useRef, useState } from 'preact/hooks';
import { useTexts } from '../texts/texts.ts';
import { useAction } from './actions.ts';
import type { Refusal } from './api.ts';
import { Input, type InputType } from './input.tsx';
import { Notice } from './notice.tsx';
import { faultSentence, sentenceOf } from './sentences.ts';

/** What went wrong in the form around; null for nothing. */
const Refused = createContext<Refusal | null>(null);

interface FormProps {
  /** Gets the texts of the fields by name. */
  readonly action: (fields: Readonly<Record<string, string>>) => Promise<unknown>;
  readonly submit: string;
  readonly children?: ComponentChildren;
  /** Beside the button. */
  readonly aside?: ComponentChildren;
  readonly danger?: boolean;
}

/** A form whose faults are shown beside their fields, and other refusals above the button. */
export function Form({ action, submit, children, aside, danger = false }: FormProps) {
  const { busy, refusal, run } = useAction();
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (refusal) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [refusal]);
  const send = (event: Event) => {
    event.preventDefault();
    const texts = [...new FormData(form.current!)].map(([name, value]) => [name, String(value)]);
    void run(() => action(Object.fromEntries(texts) as Record<string, string>));
  };
  return (
    <form ref={form} onSubmit={send} aria-busy={busy}>
      <Refused.Provider value={refusal}>
        {children}
        <Other refusal={refusal} form={form} />
      </Refused.Provider>
      <div class="row">
        <button type="submit" class={danger ? 'danger' : 'main'} aria-disabled={busy}>
          {submit}
        </button>
        {aside}
      </div>
    </form>
  );
}

/** A refusal, but for faults that a field of the form shows. */
function Other({
  refusal,
  form,
}: {
  readonly refusal: Refusal | null;
  readonly form: { readonly current: HTMLFormElement | null };
}) {
  const t = useTexts();
  if (!refusal) return null;
  const left = (refusal.problem.errors ?? []).filter(
    ({ pointer }) => !form.current?.elements.namedItem(pointer.slice(1)),
  );
  if (refusal.problem.errors && left.length === 0) return null;
  return (
    <Notice kind="bad">
      {left.length > 0 ? left.map((fault) => faultSentence(fault, t)).join(' ') : sentenceOf(refusal, t)}
    </Notice>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly type?: InputType;
  readonly autocomplete: string;
  readonly hint?: ComponentChildren;
  readonly value?: string;
  readonly required?: boolean;
  readonly focus?: boolean;
  readonly inputMode?: 'numeric' | 'text';
  readonly maxLength?: number;
  readonly min?: string;
  readonly max?: string;
}

/** A labelled input. A password can be made visible. */
export function Field({ label, name, hint, focus, type = 'text', required = true, ...rest }: FieldProps) {
  const t = useTexts();
  const [isShown, setShown] = useState(false);
  const id = useId();
  const refusal = useContext(Refused);
  const fault = refusal?.problem.errors?.find(({ pointer }) => pointer === `/${name}`);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (focus) input.current?.focus();
  }, [focus]);
  const { value, ...attributes } = rest;
  const notes = [...(hint ? [`${id}-hint`] : []), ...(fault ? [`${id}-fault`] : [])].join(' ');
  return (
    <div class="field">
      <label for={id}>{required ? label : `${label} ${t.optional}`}</label>
      <span class="input">
        <Input
          ref={input}
          id={id}
          name={name}
          type={type === 'password' && isShown ? 'text' : type}
          required={required}
          defaultValue={value}
          spellcheck={false}
          aria-invalid={fault ? true : undefined}
          aria-describedby={notes || undefined}
          {...attributes}
        />
        {type === 'password' && (
          <button
            type="button"
            class="show"
            aria-pressed={isShown}
            aria-label={`${t.showPassword}: ${label}`}
            onClick={() => setShown(!isShown)}
          >
            {isShown ? t.hide : t.show}
          </button>
        )}
      </span>
      {hint && (
        <small id={`${id}-hint`} class="hint">
          {hint}
        </small>
      )}
      {fault && (
        <small id={`${id}-fault`} class="fault">
          {faultSentence(fault, t)}
        </small>
      )}
    </div>
  );
}

/** A checkbox, whose text is `on` if it is ticked. */
export function Tick({ name, label }: { readonly name: string; readonly label: string }) {
  return (
    <label class="tick">
      <input type="checkbox" name={name} />
      {label}
    </label>
  );
}

/** A field that password managers read and people do not see: whose password it is. */
export function UserName({ email }: { readonly email: string }) {
  return <input type="text" name="username" value={email} autocomplete="username" hidden readOnly />;
}
