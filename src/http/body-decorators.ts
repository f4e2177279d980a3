import { OWN_BODY, ROUTE_CONFIG } from './fastify-bodies.js';

/** The handler, or an interceptor of its own, reads the body: of any type and size. */
export const ReadsOwnBody = (): MethodDecorator => (_target, _name, descriptor) => {
  const handler = descriptor.value as object;
  const config = Reflect.getMetadata(ROUTE_CONFIG, handler) as object | undefined;
  Reflect.defineMetadata(OWN_BODY, true, handler);
  Reflect.defineMetadata(ROUTE_CONFIG, { ...config, [OWN_BODY]: true }, handler);
};
