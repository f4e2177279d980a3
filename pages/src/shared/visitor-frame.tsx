import type { ComponentChildren } from 'preact';
import { Heading } from './heading.tsx';
import { settings } from './place.ts';

interface VisitorFrameProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

/** A page for people who have not signed in. */
export function VisitorFrame({ title, children }: VisitorFrameProps) {
  const { service } = settings;
  return (
    <main class="narrow card">
      {service && <p class="service">{service}</p>}
      <Heading title={title} />
      {children}
    </main>
  );
}
