import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';

/** The adapters of Nest that an application may have, by name. */
export const ADAPTERS = [
  ['Express', ExpressAdapter],
  ['Fastify', FastifyAdapter],
] as const;

/** The class of an adapter. */
export type Adapter = (typeof ADAPTERS)[number][1];
