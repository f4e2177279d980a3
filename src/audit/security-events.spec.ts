import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Inject,
  Injectable,
  Logger,
  type ModuleMetadata,
  type Provider,
  Scope,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import { ALL_EVENTS } from './audit-store.js';
import { MemoryAuditStore } from '../storage/memory/memory.audit-store.js';
import { FakeClock } from '../testing/fake-clock.js';
import type { AuditFacts } from './audit-event.js';
import { AuditTrail } from './audit-trail.js';
import { OnSecurityEvent, type SecurityEvent, SecurityEvents } from './security-events.js';

const by = {
  via: 'http',
  actorId: 'ann',
  ip: '192.0.2.1',
  connection: { destroyed: false },
  userAgent: 'Example/1.0',
  requestId: 'request-0001',
} as const;

const ENDED: AuditFacts = {
  type: 'session_ended',
  subjectId: 'ann',
  sessionId: 'session',
  details: { reason: 'signed_out' },
};
const SIGN_IN: AuditFacts = { type: 'sign_in', subjectId: 'ann', sessionId: 'session' };
const FAILED: AuditFacts = { type: 'sign_in_failed', subjectId: null };

const ignore = () => {};

/** What the listeners were told, as `class.method event`. */
let told: string[];
let errors: unknown[];

const tell = (who: object, method: string, event: SecurityEvent) =>
  void told.push(`${who.constructor.name}.${method} ${event.name}`);

@Injectable()
class Mails {
  @OnSecurityEvent('session.ended')
  ended(event: SecurityEvent<'session.ended'>) {
    tell(this, 'ended', event);
  }

  @OnSecurityEvent('sign_in.succeeded', 'sign_in.failed')
  tried(event: SecurityEvent<'sign_in.succeeded' | 'sign_in.failed'>) {
    tell(this, 'tried', event);
  }
}

class SpecialMails extends Mails {}

class SilentMails extends Mails {
  override ended() {}

  @OnSecurityEvent('sign_in.failed')
  override tried(event: SecurityEvent) {
    tell(this, 'tried', event);
  }
}

@Controller()
class Pages {
  @OnSecurityEvent('session.ended')
  ended(event: SecurityEvent) {
    tell(this, 'ended', event);
  }
}

class Twice {
  @OnSecurityEvent('session.ended')
  @OnSecurityEvent('sign_in.succeeded', 'session.ended')
  told(event: SecurityEvent) {
    tell(this, 'told', event);
  }
}

class Failing {
  @OnSecurityEvent('session.ended')
  throws() {
    throw new Error('It throws.');
  }

  @OnSecurityEvent('session.ended')
  async rejects() {
    throw new Error('It rejects.');
  }

  @OnSecurityEvent('session.ended')
  neverEnds() {
    return new Promise(() => {});
  }
}

describe('Security events', () => {
  let module: TestingModule | undefined;

  beforeEach(() => {
    [told, errors] = [[], []];
  });

  afterEach(async () => {
    await module?.close();
    module = undefined;
    Logger.overrideLogger(['log', 'warn', 'error']);
  });

  async function start(
    providers: Provider[],
    rest: Pick<ModuleMetadata, 'controllers' | 'imports'> = {},
  ): Promise<SecurityEvents> {
    module = await Test.createTestingModule({ providers: [SecurityEvents, ...providers], ...rest })
      .setLogger({ log: ignore, warn: ignore, error: (line: unknown) => errors.push(line) })
      .compile();
    await module.init();
    return module.get(SecurityEvents);
  }

  it('call each method that listens to their names, in providers and controllers', async () => {
    const events = await start([Mails], { controllers: [Pages] });
    await events.emit([SIGN_IN, ENDED, FAILED, { type: 'user_created', subjectId: 'ann' }], by);
    expect(told).toEqual([
      'Mails.tried sign_in.succeeded',
      'Mails.ended session.ended',
      'Pages.ended session.ended',
      'Mails.tried sign_in.failed',
    ]);
  });

  it('call inherited methods, and overridden ones as they are decorated themselves', async () => {
    const events = await start([SpecialMails, SilentMails]);
    await events.emit([SIGN_IN, ENDED, FAILED], by);
    expect(told.toSorted()).toEqual([
      'SilentMails.tried sign_in.failed',
      'SpecialMails.ended session.ended',
      'SpecialMails.tried sign_in.failed',
      'SpecialMails.tried sign_in.succeeded',
    ]);
  });

  it('call a method with two decorators once for each event', async () => {
    const events = await start([Twice]);
    await events.emit([SIGN_IN, ENDED, FAILED], by);
    expect(told).toEqual(['Twice.told sign_in.succeeded', 'Twice.told session.ended']);
  });

  it('call an instance with two tokens once', async () => {
    const made = { provide: 'made', useFactory: () => new Mails() };
    const events = await start([made, { provide: 'alias', useExisting: 'made' }]);
    await events.emit(ENDED, by);
    expect(told).toEqual(['Mails.ended session.ended']);
  });

  it('call no getter of a provider', async () => {
    class WithGetter {
      get ended(): never {
        throw new Error('A getter was read.');
      }
    }
    const events = await start([WithGetter, { provide: 'none', useValue: null }]);
    await expect(events.emit(ENDED, by)).resolves.toBeUndefined();
  });

  it('have the facts and who caused them, without the connection', async () => {
    const seen: SecurityEvent[] = [];
    class Notes {
      @OnSecurityEvent('session.ended', 'sign_in.failed')
      note(event: SecurityEvent) {
        seen.push(event);
      }
    }
    const events = await start([Notes]);
    await events.emit([ENDED, FAILED], by);
    const { connection: _, ...known } = by;
    expect(seen).toEqual([
      {
        name: 'session.ended',
        subjectId: 'ann',
        sessionId: 'session',
        details: { reason: 'signed_out' },
        by: known,
      },
      { name: 'sign_in.failed', subjectId: null, sessionId: null, details: {}, by: known },
    ]);
  });

  it('are emitted although listeners throw, reject or never end; each error is logged once', async () => {
    const events = await start([Failing, Mails]);
    await events.emit(ENDED, by);
    await Promise.resolve();
    expect(told).toEqual(['Mails.ended session.ended']);
    expect(errors).toEqual([
      { event: 'session.ended', failed: 'a listener', err: new Error('It throws.') },
      { event: 'session.ended', failed: 'a listener', err: new Error('It rejects.') },
    ]);
  });

  it('are stored before the listeners are called', async () => {
    const store = new MemoryAuditStore();
    const stored: number[] = [];
    class Reader {
      @OnSecurityEvent('session.ended')
      async read() {
        stored.push((await store.list(ALL_EVENTS, 10, null)).events.length);
      }
    }
    const trail = { provide: AuditTrail, useValue: new AuditTrail(store, new FakeClock()) };
    const events = await start([Reader, trail]);
    await events.emit([SIGN_IN, ENDED], by);
    await Promise.resolve();
    expect(stored).toEqual([2]);
  });

  it('reach the listeners although they cannot be stored', async () => {
    class BrokenStore extends MemoryAuditStore {
      override async append(): Promise<void> {
        throw new Error('The disk is full.');
      }
    }
    const trail = { provide: AuditTrail, useValue: new AuditTrail(new BrokenStore(), new FakeClock()) };
    const events = await start([Mails, trail]);
    await events.emit(ENDED, by);
    expect(told).toEqual(['Mails.ended session.ended']);
  });

  it('reach listeners that exist only after the first event', async () => {
    const first = {
      provide: 'first',
      inject: [SecurityEvents],
      useFactory: (events: SecurityEvents) => events.emit(SIGN_IN, by),
    };
    @Injectable()
    class Late {
      readonly state = 'complete';

      constructor(@Inject('first') readonly first: unknown) {}

      @OnSecurityEvent('session.ended')
      ended() {
        told.push(this.state);
      }
    }
    const events = await start([first, Late]);
    await events.emit(ENDED, by);
    expect(told).toEqual(['complete']);
  });

  it.each([
    ['request-scoped', Scope.REQUEST],
    ['transient', Scope.TRANSIENT],
  ])(
    'refuse to start with a listener in a %s provider, of which there is no one instance',
    async (_, scope) => {
      @Injectable({ scope })
      class Scoped extends Mails {}
      await expect(start([Scoped, Pages])).rejects.toThrow(
        'Scoped.ended has @OnSecurityEvent(), but Nest makes',
      );
    },
  );

  it('refuse to start with a listener that needs something request-scoped', async () => {
    @Controller()
    class NeedsRequest {
      constructor(@Inject(REQUEST) readonly request: unknown) {}

      @OnSecurityEvent('session.ended')
      ended() {}
    }
    await expect(start([], { controllers: [NeedsRequest] })).rejects.toThrow('NeedsRequest.ended');
  });

  it('start with request-scoped and transient providers that do not listen', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {}
    @Injectable({ scope: Scope.TRANSIENT })
    class PerUse {}
    const events = await start([PerRequest, PerUse, Mails]);
    await events.emit(ENDED, by);
    expect(told).toEqual(['Mails.ended session.ended']);
  });

  it('are known by name and type to the compiler', () => {
    class Typed {
      // @ts-expect-error -- there is no event of this name
      @OnSecurityEvent('session.over')
      unknownName() {}

      // @ts-expect-error -- a retired name is not emitted any more
      @OnSecurityEvent('sign_out')
      retiredName() {}

      // @ts-expect-error -- a name is needed
      @OnSecurityEvent()
      noName() {}

      // @ts-expect-error -- the event is another one
      @OnSecurityEvent('session.ended')
      otherEvent(event: SecurityEvent<'sign_in.failed'>) {
        return event;
      }

      // @ts-expect-error -- the event may be the other one
      @OnSecurityEvent('session.ended', 'sign_in.failed')
      oneOfTwo(event: SecurityEvent<'sign_in.failed'>) {
        return event;
      }

      // @ts-expect-error -- an event is no text
      @OnSecurityEvent('session.ended')
      text(event: string) {
        return event;
      }

      // @ts-expect-error -- there is one argument
      @OnSecurityEvent('session.ended')
      twoArguments(event: SecurityEvent, more: string) {
        return [event, more];
      }

      @OnSecurityEvent('session.ended', 'sign_in.failed')
      either(event: SecurityEvent<'session.ended' | 'sign_in.failed'>) {
        return event;
      }

      @OnSecurityEvent('session.ended')
      any(event: SecurityEvent) {
        return event;
      }
    }
    expect(new Typed()).toBeDefined();
  });
});
