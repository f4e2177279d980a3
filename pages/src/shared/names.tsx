import { useTexts } from '../texts/texts.ts';
import { Field } from './form.tsx';
import type { User } from './types.ts';

interface NameFieldsProps {
  /** Whose names the fields have at first. */
  readonly user?: Pick<User, 'first_name' | 'last_name'>;
  /** Whether they are names of the person at the keyboard, which browsers fill in. */
  readonly own?: boolean;
}

/** Fields for the names of a person, which may stay empty. */
export function NameFields({ user, own = false }: NameFieldsProps) {
  const t = useTexts();
  return (
    <>
      <Field
        name="first_name"
        label={t.firstName}
        autocomplete={own ? 'given-name' : 'off'}
        value={user?.first_name ?? ''}
        required={false}
      />
      <Field
        name="last_name"
        label={t.lastName}
        autocomplete={own ? 'family-name' : 'off'}
        value={user?.last_name ?? ''}
        required={false}
      />
    </>
  );
}

/** The names in the fields of a form: null for an empty one. */
export function namesIn({ first_name, last_name }: Readonly<Record<string, string>>) {
  return { first_name: first_name || null, last_name: last_name || null };
}
