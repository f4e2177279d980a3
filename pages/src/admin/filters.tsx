import { useLocation } from 'preact-iso';
import type { ComponentChildren } from 'preact';
import { Input, type InputType } from '../shared/input.tsx';
import { useTexts } from '../texts/texts.ts';

type Filters = Readonly<Record<string, string>>;

/** The filters of a list, which are the query of its page. */
export function useFilters(): { readonly filters: Filters; readonly setFilters: (filters: Filters) => void } {
  const { query, path, route } = useLocation();
  const setFilters = (filters: Filters) => {
    const given = Object.entries(filters).filter(([, value]) => value !== '');
    route(`${path}?${new URLSearchParams(given)}`);
  };
  return { filters: query, setFilters };
}

interface FilterFormProps {
  readonly onFilter: (filters: Filters) => void;
  readonly children: ComponentChildren;
}

/** A form whose fields are filters. */
export function FilterForm({ onFilter, children }: FilterFormProps) {
  const t = useTexts();
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    const fields = [...new FormData(event.currentTarget as HTMLFormElement)];
    onFilter(Object.fromEntries(fields.map(([name, value]) => [name, String(value).trim()])));
  };
  return (
    <form class="filters" role="search" onSubmit={send}>
      {children}
      <button type="submit" class="main">
        {t.search}
      </button>
    </form>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly options: Readonly<Record<string, string>>;
}

/** A choice of several values; the texts of the options by their values. */
export function Choice({ name, label, value, options }: ChoiceProps) {
  return (
    <label class="field">
      {label}
      <select name={name} key={value}>
        {Object.entries(options).map(([key, text]) => (
          <option key={key} value={key} selected={key === value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

interface TextFilterProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly type?: InputType;
}

export function TextFilter({ name, label, value, type = 'search' }: TextFilterProps) {
  return (
    <label class="field">
      {label}
      <Input name={name} type={type} defaultValue={value} key={value} autocomplete="off" spellcheck={false} />
    </label>
  );
}
