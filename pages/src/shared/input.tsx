import { type InputHTMLAttributes, type Ref, h } from 'preact';

export type InputType = 'text' | 'email' | 'password' | 'date' | 'datetime-local' | 'search';

type InputProps = Omit<InputHTMLAttributes, 'type' | 'role' | 'list'> & {
  readonly type: InputType;
  readonly ref?: Ref<HTMLInputElement>;
};

/** An input whose type is known at run time only. JSX has props for each type apart. */
export function Input(props: InputProps) {
  return h('input', props as object);
}
