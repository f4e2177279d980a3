import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { SpanKind, SpanStatusCode, context, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { CoatcheckModule } from 'coatcheck';
import { PASSWORD, TestApp } from './support/app.js';

const ANN = 'ann@example.com';

/** What OpenTelemetry gets of a host that has registered its SDK before it made the application. */
describe.each(['express', 'fastify'])('The spans of a server on %s', (adapter) => {
  const exporter = new InMemorySpanExporter();
  let app: TestApp;

  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
    );
  });

  afterAll(() => {
    trace.disable();
    context.disable();
  });

  afterEach(async () => {
    await app.stop();
  });

  async function start(): Promise<TestApp> {
    app = await TestApp.start({ HTTP_ADAPTER: adapter });
    await app.addUser(ANN);
    exporter.reset();
    return app;
  }

  const spans = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);
  const parentOf = (span: ReadableSpan) =>
    exporter.getFinishedSpans().find((one) => one.spanContext().spanId === span.parentSpanContext?.spanId);

  it('show a sign-in with its hash and its calls of the store', async () => {
    const ann = (await start()).visitor();
    expect((await ann.login(ANN)).status).toBe(200);
    const [signIn, ...others] = spans('coatcheck.sign_in');
    expect(others).toEqual([]);
    expect(signIn!.attributes).toEqual({
      'coatcheck.sign_in.method': 'login',
      'coatcheck.outcome': 'signed_in',
    });
    expect(signIn!.status.code).toBe(SpanStatusCode.UNSET);
    const [hash] = spans('coatcheck.hash');
    expect(hash!.attributes).toEqual({ 'coatcheck.hash.algorithm': 'bcrypt' });
    expect(parentOf(hash!)).toBe(signIn);
    const [write] = spans('write sqlite');
    expect(write!.attributes).toEqual({ 'db.system.name': 'sqlite', 'db.operation.name': 'write' });
    expect(write!.kind).toBe(SpanKind.CLIENT);
    expect(parentOf(write!)).toBe(signIn);
  });

  it('show a failed sign-in as an outcome, not as an error', async () => {
    const ann = (await start()).visitor();
    expect((await ann.login(ANN, 'not the password of ann')).status).toBe(401);
    const [signIn] = spans('coatcheck.sign_in');
    expect(signIn!.attributes['coatcheck.outcome']).toBe('wrong_password');
    expect(signIn!.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('show the authentication of a request with its look-up', async () => {
    const ann = (await start()).visitor();
    await ann.login(ANN);
    exporter.reset();
    expect((await ann.get('/users/me')).status).toBe(200);
    expect((await app.visitor().get('/users/me')).status).toBe(401);
    expect(spans('coatcheck.authenticate').map(({ attributes }) => attributes)).toEqual([
      { 'coatcheck.outcome': 'authenticated' },
      { 'coatcheck.outcome': 'anonymous' },
    ]);
    const [lookUp] = spans('look_up sqlite');
    expect(parentOf(lookUp!)?.name).toBe('coatcheck.authenticate');
  });

  it('have the status of an error if the store fails', async () => {
    const ann = (await start()).visitor();
    await ann.login(ANN);
    exporter.reset();
    await app.closeStores();
    expect((await ann.get('/users/me')).status).toBe(503);
    for (const name of ['look_up sqlite', 'coatcheck.authenticate']) {
      const [span] = spans(name);
      expect(span!.status).toEqual({ code: SpanStatusCode.ERROR });
      expect(span!.attributes['error.type']).toBe('unavailable');
      expect(span!.events).toEqual([]);
    }
  });

  it('have nothing of users and clients', async () => {
    const ann = (await start()).visitor({ 'user-agent': 'a browser of ann' });
    await ann.login(ANN);
    await ann.login(ANN, 'not the password of ann');
    const { body: me } = await ann.get('/users/me');
    await ann.get(`/users/${me.id}`);
    const all = JSON.stringify(
      exporter
        .getFinishedSpans()
        .map(({ name, attributes, status, events }) => ({ name, attributes, status, events })),
    );
    expect(all.length).toBeGreaterThan(500);
    for (const secret of [ANN, PASSWORD, me.id, '127.0.0.1', 'a browser of ann', ann.cookie!.split('=')[1]!])
      expect(all).not.toContain(secret);
  });
});

@Controller('reports')
class Reports {
  @Get()
  list() {
    return [];
  }
}

describe('An application with an SDK of OpenTelemetry', () => {
  const exporter = new InMemorySpanExporter();

  beforeAll(() => {
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
    );
  });

  afterAll(() => {
    trace.disable();
  });

  it('gets spans of its own routes', async () => {
    const module = await Test.createTestingModule({
      imports: [CoatcheckModule.forRoot({ type: 'session_auth', storage: { database: 'memory:' } })],
      controllers: [Reports],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    expect((await fetch(`${await app.getUrl()}/reports`)).status).toBe(401);
    const spans = exporter.getFinishedSpans().map(({ name, attributes }) => ({ name, attributes }));
    expect(spans).toEqual([
      { name: 'coatcheck.authenticate', attributes: { 'coatcheck.outcome': 'anonymous' } },
    ]);
    await app.close();
  });
});
