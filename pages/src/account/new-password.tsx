import { useTexts } from '../texts/texts.ts';
import { Field } from '../shared/form.tsx';
import type { Rules } from '../shared/types.ts';

interface NewPasswordProps {
  readonly name: string;
  readonly rules: Pick<Rules, 'password_min_length'>;
}

/** A field for a new password, which says what is asked of it. */
export function NewPassword({ name, rules }: NewPasswordProps) {
  const t = useTexts();
  return (
    <Field
      name={name}
      type="password"
      label={t.newPassword}
      autocomplete="new-password"
      hint={t.newPasswordHint(rules.password_min_length)}
    />
  );
}
