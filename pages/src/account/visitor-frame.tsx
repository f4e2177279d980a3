import type { ComponentChildren } from 'preact';
import { useTitle } from '../shared/title.ts';

interface VisitorFrameProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

/** A page for people who have not signed in. */
export function VisitorFrame({ title, children }: VisitorFrameProps) {
  const service = useTitle(title);
  return (
    <main class="narrow card">
      {service && <p class="service">{service}</p>}
      <h1>{title}</h1>
      {children}
    </main>
  );
}
