import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

const setUp = new WeakSet<object>();

/** Notes that requests to this HTTP adapter meet the checks of `configureApp`. */
export function noteSetup(httpAdapter: object): void {
  setUp.add(httpAdapter);
}

/**
 * Refuses to start an HTTP application that has routes of ours but not the checks that `configureApp` puts in front of
 * them. An application context that serves no HTTP starts.
 */
@Injectable()
export class SetupCheck implements OnApplicationBootstrap {
  constructor(private readonly host: HttpAdapterHost) {}

  onApplicationBootstrap(): void {
    const { httpAdapter } = this.host as Partial<HttpAdapterHost>;
    if (!httpAdapter || setUp.has(httpAdapter)) return;
    throw new Error(
      'This application imports modules of coatcheck, but not the checks that protect their routes (cross-site requests, ' +
        'bodies, input, fresh proofs). Make it with `await createApp(AppModule)`; or hand `new JsonExpressAdapter()` to ' +
        '`NestFactory.create` or `createNestApplication`, and call `configureApp(app)` before `app.init()` and `app.listen()`.',
    );
  }
}
