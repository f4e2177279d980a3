import { useLayoutEffect, useRef } from 'preact/hooks';
import { useTitle } from './title.ts';

/** Whether a page of this document has been shown: the browser puts the focus on the first one itself. */
let isShown = false;

/** The heading and title of a page. It takes the focus when the page replaces another one, unless a field of the page does. */
export function Heading({ title }: { readonly title: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useTitle(title);
  useLayoutEffect(() => {
    if (isShown) heading.current?.focus();
    isShown = true;
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {title}
    </h1>
  );
}

/** Puts the focus on the heading, after the button that had it has gone. */
export function focusHeading(): void {
  document.querySelector('h1')?.focus();
}
