import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { RequestMethod, VersioningType } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import cookieParser from 'cookie-parser';
import express, { type Request, type Response } from 'express';
import helmet from 'helmet';
import { addUsers } from '#auth';
import { AppModule } from './app.module.js';
import { useGlobals } from './globals.js';
import type { HostOptions, Step } from './options.js';

type Call = (app: NestExpressApplication, options: HostOptions) => unknown;

const STEPS: Record<Step, Call> = {
  helmet: (app) => app.use(helmet()),
  cookies: (app) => app.use(cookieParser('a secret')),
  cors: (app) =>
    app.enableCors({
      origin: ['https://app.example.com'],
      credentials: true,
      exposedHeaders: ['X-Served'],
      maxAge: 60,
    }),
  prefix: (app) =>
    app.setGlobalPrefix('api', {
      exclude: ['health', 'health/*path', { path: 'webhooks/signed', method: RequestMethod.POST }],
    }),
  versioning: (app, { versioning }) => {
    if (versioning === 'uri') app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
    if (versioning === 'header')
      app.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version', defaultVersion: '1' });
    if (versioning === 'media-type') app.enableVersioning({ type: VersioningType.MEDIA_TYPE, key: 'v=' });
  },
  globals: useGlobals,
  parsers: (app, { bodies }) => {
    if (bodies === 'express')
      app.use(express.json({ limit: '100kb' }), express.urlencoded({ extended: true }));
    if (bodies === 'nest' || bodies === 'raw') app.useBodyParser('text');
  },
  assets: (app) =>
    app.useStaticAssets(fileURLToPath(new URL('../public', import.meta.url)), {
      prefix: '/assets',
      maxAge: 1000,
    }),
  swagger: (app) => {
    const description = new DocumentBuilder().setTitle('The host').addCookieAuth('basket').build();
    SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, description));
  },
};

export async function createApplication(options: HostOptions): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(options), {
    logger: ['error'],
    abortOnError: false,
    rawBody: options.bodies === 'raw',
    bodyParser: options.bodies === 'nest' || options.bodies === 'raw',
  });
  app.set('query parser', 'extended');
  for (const step of options.steps) STEPS[step](app, options);
  app
    .getHttpAdapter()
    .getInstance()
    .get(/^\/by-express-(\d+)$/, byExpress);
  return app;
}

function byExpress({ params }: Request, response: Response): void {
  response.json({ by: 'express', params: { ...params } });
}

export async function listen(app: NestExpressApplication): Promise<string> {
  await app.listen(0, '127.0.0.1');
  await addUsers(app);
  return `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
}
