import type { LoggerService } from '@nestjs/common';
import pino, { type Logger } from 'pino';

/** The contexts of what Nest tells at each start; what stops one is told by who started it. */
const FRAMEWORK = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'ExceptionHandler',
]);

/** Nest's logger on pino: a line of JSON an entry in production, readable text elsewhere. */
export class PinoLogger implements LoggerService {
  private constructor(private readonly logger: Logger) {}

  /** Loads what makes entries readable where they are read by people. */
  static async open(options: { readonly level: string; readonly production: boolean }): Promise<PinoLogger> {
    const base = { level: options.level, timestamp: pino.stdTimeFunctions.isoTime };
    if (options.production) return new PinoLogger(pino(base));
    const { default: pretty } = await import('pino-pretty');
    return new PinoLogger(pino(base, pretty({ sync: true, singleLine: true, ignore: 'pid,hostname' })));
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.#write('info', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  /** Nest hands on a message, perhaps a stack, and the context last. */
  #write(severity: pino.Level, message: unknown, rest: readonly unknown[]): void {
    const context = String(rest.at(-1));
    const level = FRAMEWORK.has(context) ? 'debug' : severity;
    const stack = rest.length > 1 ? { stack: rest[0] } : {};
    if (message instanceof Error) this.logger[level]({ context, err: message });
    else if (typeof message === 'object') this.logger[level]({ context, ...message });
    else this.logger[level]({ context, ...stack }, String(message));
  }
}
