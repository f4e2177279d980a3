import { useEffect } from 'preact/hooks';
import { settings } from './place.ts';

/** Gives the page a title. Returns the name of the service; null for none. */
export function useTitle(title: string): string | null {
  const { service } = settings;
  useEffect(() => {
    document.title = service ? `${title} · ${service}` : title;
  }, [title, service]);
  return service;
}
