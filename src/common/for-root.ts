import { Inject, Optional } from '@nestjs/common';

const FOR_ROOT = Symbol('forRoot');

/** Marks a module that `forRoot` or `forRootAsync` returned. */
export const MADE_BY_FOR_ROOT = { provide: FOR_ROOT, useValue: true } as const;

/** Base of modules that need `forRoot`. Throws if the class itself is imported, because it would guard nothing. */
export abstract class NeedsForRoot {
  constructor(@Optional() @Inject(FOR_ROOT) isMade?: true) {
    const { name } = this.constructor;
    if (!isMade) throw new Error(`${name} is imported without forRoot. Import ${name}.forRoot({ … }).`);
  }
}
