import { useEffect, useRef, useState } from 'preact/hooks';
import { type Page, Refusal } from './api.ts';
import { useEnd } from './ended.ts';

/** The refusal of an action that failed. An error that is no refusal is thrown again. */
function refusalIn(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  throw error;
}

/** Runs one action at a time, and keeps the refusal of the last one. */
export function useAction() {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const running = useRef(false);
  const isEnd = useEnd();
  const run = async (action: () => Promise<unknown>) => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setRefusal(null);
    try {
      await action();
    } catch (error) {
      const found = refusalIn(error);
      if (!isEnd(found) && found.code !== 'not_confirmed') setRefusal(found);
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return { busy, refusal, run };
}

/** What a request answers; null until then, or with the refusal. It is sent again when `key` changes. */
export function useLoaded<T>(load: () => Promise<T>, key = '') {
  const [value, setValue] = useState<T | null>(null);
  const { refusal, run } = useAction();
  const reload = () => run(async () => setValue(await load()));
  useEffect(() => void reload(), [key]);
  return { value, refusal, reload, setValue };
}

/** The pages of a list that were loaded so far. */
export function useList<T>(load: (cursor: string | null) => Promise<Page<T>>) {
  const [items, setItems] = useState<readonly T[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const { busy, refusal, run } = useAction();
  const add = (before: readonly T[], cursor: string | null) =>
    run(async () => {
      const page = await load(cursor);
      setItems([...before, ...page.items]);
      setNext(page.next);
    });
  useEffect(() => void add([], null), []);
  return {
    items,
    busy,
    refusal,
    reload: () => add([], null),
    more: next === null ? null : () => add(items ?? [], next),
    setItems,
  };
}
