import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Attributes, Span, SpanKind, Tracer } from '@opentelemetry/api';
import { DomainError } from './domain-error.js';
import { type Observer, WORK_KINDS, type Work, failureOf, observe } from './observed.js';

/** The name of the instrumentation. */
const NAME = 'coatcheck';

/** Where each copy of `@opentelemetry/api` of this major version finds the tracer provider that an SDK has registered. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

let isOn = false;

/**
 * Makes a span for each observed work from now on, if an SDK of OpenTelemetry has registered a tracer provider in this process.
 * Otherwise nothing is loaded. Later calls do nothing.
 */
async function startTracing(): Promise<void> {
  if (isOn || !hasTracerProvider()) return;
  isOn = true;
  const { SpanKind: Kinds, SpanStatusCode, trace } = await import('@opentelemetry/api');

  const endWith = (span: Span, error: unknown) => {
    span.setAttribute('error.type', failureOf(error));
    // A refusal is the work done, as a status below 500 is to a server.
    if (!(error instanceof DomainError) || error.getStatus() >= 500)
      span.setStatus({ code: SpanStatusCode.ERROR });
  };
  const observer: Observer = (work, run) => {
    const { name, kind, attributes } = describe(work, Kinds);
    // Asked for each time: a provider may be replaced.
    const tracer: Tracer = trace.getTracer(NAME);
    return tracer.startActiveSpan(name, { kind, attributes }, async (span) => {
      try {
        const result = await run();
        const outcome = outcomeOf(result);
        if (outcome !== null) span.setAttribute('coatcheck.outcome', outcome);
        return result;
      } catch (error) {
        endWith(span, error);
        throw error;
      } finally {
        span.end();
      }
    });
  };
  for (const kind of WORK_KINDS) observe(kind, observer);
}

/** Starts tracing when the application starts: the SDK must have been registered before. */
@Injectable()
export class Tracing implements OnModuleInit {
  onModuleInit(): Promise<void> {
    return startTracing();
  }
}

function hasTracerProvider(): boolean {
  const registered = (globalThis as Record<symbol, unknown>)[REGISTERED] as
    { readonly trace?: unknown } | undefined;
  return registered?.trace !== undefined;
}

/** The name, kind and attributes of a span. Nothing is of a user or client. Stores follow the semantic conventions of databases. */
function describe(
  { kind, system, operation }: Work,
  kinds: typeof SpanKind,
): { readonly name: string; readonly kind: SpanKind; readonly attributes: Attributes } {
  switch (kind) {
    case 'store':
      return {
        name: `${operation} ${system}`,
        kind: kinds.CLIENT,
        attributes: { 'db.system.name': system, 'db.operation.name': operation },
      };
    case 'hash':
      return {
        name: 'coatcheck.hash',
        kind: kinds.INTERNAL,
        attributes: { 'coatcheck.hash.algorithm': system },
      };
    case 'sign_in':
      return {
        name: 'coatcheck.sign_in',
        kind: kinds.INTERNAL,
        attributes: { 'coatcheck.sign_in.method': operation },
      };
    default:
      return { name: 'coatcheck.authenticate', kind: kinds.INTERNAL, attributes: {} };
  }
}

/** The outcome that a result names, such as `anonymous`; null if it names none. */
function outcomeOf(result: unknown): string | null {
  const outcome =
    typeof result === 'object' && result !== null ? (result as { outcome?: unknown }).outcome : null;
  return typeof outcome === 'string' ? outcome : null;
}
