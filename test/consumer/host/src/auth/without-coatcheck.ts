import type { INestApplication, ModuleMetadata } from '@nestjs/common';

export const modules: NonNullable<ModuleMetadata['imports']> = [];

export const Public = (): ClassDecorator & MethodDecorator => () => {};

export const Roles =
  (..._roles: string[]): ClassDecorator & MethodDecorator =>
  () => {};

export const addUsers = async (_app: INestApplication): Promise<void> => {};
