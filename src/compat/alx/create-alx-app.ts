import type { DynamicModule, INestApplication, NestApplicationOptions, Type } from '@nestjs/common';
import { hardenApp, newApp } from '../../server/create-app.js';
import { HttpOptions } from '../../server/http/http-options.js';
import { AlxCrossSiteCheck } from './alx-cross-site-check.js';

/** Like `createApp`, for applications that import `AlxModule`. */
export async function createAlxApp(
  module: Type | DynamicModule,
  options: Partial<HttpOptions> = {},
  nest: NestApplicationOptions = {},
): Promise<INestApplication> {
  return configureAlxApp(await newApp(module, new HttpOptions(options), nest), options);
}

/** Like `configureApp`, and pages of any origin may read the responses. */
export function configureAlxApp(app: INestApplication, given: Partial<HttpOptions> = {}): INestApplication {
  const options = new HttpOptions(given);
  return hardenApp(app, options, new AlxCrossSiteCheck(options), { origin: '*' });
}
