import { useState } from 'preact/hooks';

/**
 * The token in the fragment of a link from a mail; null if there is none. It is removed from the address of the page, so that no
 * history keeps it.
 */
export function useLinkToken(): string | null {
  const [token] = useState(() => {
    const found = new URLSearchParams(location.hash.slice(1)).get('token');
    if (found !== null) history.replaceState(history.state, '', location.pathname + location.search);
    return found;
  });
  return token;
}
