/** Marks the handlers of `@ReadsOwnBody()`, and their routes in Fastify. */
export const OWN_BODY = 'coatcheck:own-body';

/** The metadata of a handler from which Nest's adapter for Fastify takes the `config` of its route. */
export const ROUTE_CONFIG = '__fastify_route_config__';

/** The handler, or an interceptor of its own, reads the body: of any type and size. */
export const ReadsOwnBody = (): MethodDecorator => (_target, _name, descriptor) => {
  const handler = descriptor.value as object;
  const config = Reflect.getMetadata(ROUTE_CONFIG, handler) as object | undefined;
  Reflect.defineMetadata(OWN_BODY, true, handler);
  Reflect.defineMetadata(ROUTE_CONFIG, { ...config, [OWN_BODY]: true }, handler);
};
