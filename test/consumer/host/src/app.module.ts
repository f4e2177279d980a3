import { fileURLToPath } from 'node:url';
import { type DynamicModule, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { ServeStaticModule } from '@nestjs/serve-static';
import { TerminusModule } from '@nestjs/terminus';
import { ThrottlerModule } from '@nestjs/throttler';
import type { NextFunction, Request, Response } from 'express';
import { modules } from '#auth';
import { globalProviders } from './globals.js';
import type { HostOptions } from './options.js';
import { AnswersController } from './routes/answers.controller.js';
import { BodiesController, WebhooksController } from './routes/bodies.controller.js';
import { ErrorsController } from './routes/errors.controller.js';
import { ItemsController } from './routes/items.controller.js';
import { HealthController, ThrottledController } from './routes/operation.controllers.js';
import { PathsController } from './routes/paths.controller.js';
import { PrivateController } from './routes/private.controller.js';

@Module({
  controllers: [
    ItemsController,
    BodiesController,
    WebhooksController,
    AnswersController,
    ErrorsController,
    HealthController,
    ThrottledController,
    PrivateController,
    PathsController,
  ],
})
export class AppModule implements NestModule {
  static with(options: HostOptions): DynamicModule {
    const own = [
      ServeStaticModule.forRoot({
        rootPath: fileURLToPath(new URL('../client', import.meta.url)),
        serveRoot: options.singlePage ? '' : '/client',
        exclude: ['/api/{*path}', '/health{/*path}'],
      }),
      TerminusModule.forRoot({ logger: false }),
      ThrottlerModule.forRoot([{ limit: 10_000, ttl: 60_000 }]),
    ];
    return {
      module: AppModule,
      imports: options.coatcheck === 'first' ? [...modules, ...own] : [...own, ...modules],
      providers: globalProviders(options),
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(servedBy).forRoutes('{*path}');
  }
}

function servedBy(request: Request, response: Response, next: NextFunction): void {
  response.setHeader('X-Served', `${request.method} ${request.originalUrl.length}`);
  next();
}
