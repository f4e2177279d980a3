import { withPackages } from '../../common/with-packages.js';
import type { ServerAdapter } from './server-adapter.js';

/** The HTTP frameworks of Nest. */
export const ADAPTERS = ['express', 'fastify'] as const;

export type AdapterType = (typeof ADAPTERS)[number];

/** An HTTP adapter that `configureApp` can configure. Loads only the package of this one. */
export async function newAdapter(type: AdapterType = 'express'): Promise<ServerAdapter> {
  const needed = { by: `The adapter '${type}'`, packages: `@nestjs/platform-${type}` };
  if (type === 'fastify') {
    const { JsonFastifyAdapter } = await withPackages(needed, () => import('./json-fastify.adapter.js'));
    return new JsonFastifyAdapter();
  }
  const { JsonExpressAdapter } = await withPackages(needed, () => import('./json-express.adapter.js'));
  return new JsonExpressAdapter();
}
