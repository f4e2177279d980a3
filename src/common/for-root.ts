import { Inject, Optional } from '@nestjs/common';

const FOR_ROOT = Symbol('forRoot');

/** Marks a module as made by `forRoot` or `forRootAsync`. */
export const MADE_BY_FOR_ROOT = { provide: FOR_ROOT, useValue: true } as const;

/** Extended by modules that do nothing without `forRoot`: imported as a bare class, they would guard nothing. */
export abstract class NeedsForRoot {
  constructor(@Optional() @Inject(FOR_ROOT) isMade?: true) {
    const { name } = this.constructor;
    if (!isMade) throw new Error(`${name} is imported without forRoot. Import ${name}.forRoot({ … }).`);
  }
}
