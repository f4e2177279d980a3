import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  ClassSerializerInterceptor,
  type ExceptionFilter,
  type ExecutionContext,
  HttpException,
  HttpStatus,
  ImATeapotException,
  Injectable,
  type INestApplication,
  type NestInterceptor,
  type Provider,
  StreamableFile,
  ValidationPipe,
} from '@nestjs/common';
import {
  APP_FILTER,
  APP_GUARD,
  APP_INTERCEPTOR,
  APP_PIPE,
  BaseExceptionFilter,
  HttpAdapterHost,
  Reflector,
} from '@nestjs/core';
import { ThrottlerGuard } from '@nestjs/throttler';
import type { Request, Response } from 'express';
import { type Observable, map } from 'rxjs';
import type { HostOptions } from './options.js';
import { OutOfStockError } from './routes/errors.controller.js';

/** As Nest's documentation has it, under "Exception filters", "Catch everything". */
@Catch()
export class CatchEverythingFilter implements ExceptionFilter {
  constructor(private readonly httpAdapterHost: HttpAdapterHost) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const { httpAdapter } = this.httpAdapterHost;
    const ctx = host.switchToHttp();
    const httpStatus =
      exception instanceof HttpException ? exception.getStatus() : HttpStatus.INTERNAL_SERVER_ERROR;
    const responseBody = {
      statusCode: httpStatus,
      timestamp: new Date().toISOString(),
      path: httpAdapter.getRequestUrl(ctx.getRequest()),
    };
    httpAdapter.reply(ctx.getResponse(), responseBody, httpStatus);
  }
}

/** As Nest's documentation has it, under "Inheritance". */
@Catch()
export class AllExceptionsFilter extends BaseExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    super.catch(exception, host);
  }
}

@Catch(OutOfStockError)
class StockFilter implements ExceptionFilter {
  catch(error: OutOfStockError, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<Response>().status(409).json({ stock: error.message });
  }
}

@Catch(ImATeapotException)
class TeapotFilter implements ExceptionFilter {
  catch(error: ImATeapotException, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    response.status(error.getStatus()).type('text').set('X-Pot', 'short').send('short and stout');
  }
}

/** Refuses a customer by a header, and notes which one it is. */
@Injectable()
class TenantGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const tenant = http.getRequest<Request>().headers['x-tenant'];
    if (typeof tenant === 'string') http.getResponse<Response>().setHeader('X-Tenant', tenant);
    return tenant !== 'blocked';
  }
}

@Injectable()
class EnvelopeInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next
      .handle()
      .pipe(map((data: unknown) => (data instanceof StreamableFile ? data : { data: data ?? null })));
  }
}

const pipe = ({ forbidNonWhitelisted }: HostOptions) =>
  new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted });

/** What the root module provides. Nest asks the filters in the opposite order, so the one for everything is first. */
export function globalProviders(options: HostOptions): Provider[] {
  if (options.globals !== 'providers') return [];
  return [
    { provide: APP_GUARD, useClass: ThrottlerGuard },
    { provide: APP_GUARD, useClass: TenantGuard },
    { provide: APP_PIPE, useFactory: () => pipe(options) },
    ...(options.catchAll === 'own' ? [{ provide: APP_FILTER, useClass: CatchEverythingFilter }] : []),
    ...(options.catchAll === 'base' ? [{ provide: APP_FILTER, useClass: AllExceptionsFilter }] : []),
    { provide: APP_FILTER, useClass: StockFilter },
    { provide: APP_FILTER, useClass: TeapotFilter },
    { provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor },
    ...(options.envelope ? [{ provide: APP_INTERCEPTOR, useClass: EnvelopeInterceptor }] : []),
  ];
}

/** The same by the calls of `main.ts`. */
export function useGlobals(app: INestApplication, options: HostOptions): void {
  if (options.globals !== 'calls') return;
  const host = app.get(HttpAdapterHost);
  app.useGlobalGuards(new TenantGuard());
  app.useGlobalPipes(pipe(options));
  app.useGlobalFilters(
    ...(options.catchAll === 'own' ? [new CatchEverythingFilter(host)] : []),
    ...(options.catchAll === 'base' ? [new AllExceptionsFilter(host.httpAdapter)] : []),
    new StockFilter(),
    new TeapotFilter(),
  );
  app.useGlobalInterceptors(new ClassSerializerInterceptor(app.get(Reflector)));
  if (options.envelope) app.useGlobalInterceptors(new EnvelopeInterceptor());
}
