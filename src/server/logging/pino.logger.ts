import type { LoggerService } from '@nestjs/common';
import pino, { type Logger } from 'pino';
import { LAST_LINES, Output } from './output.js';

/** Contexts of Nest's own messages, which have the level debug here. `main.ts` reports a failed start. */
const FRAMEWORK = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'ExceptionHandler',
]);

/** Nest logger on pino: one line of JSON per entry in production, readable text otherwise. Writes without blocking. */
export class PinoLogger implements LoggerService {
  private constructor(
    private readonly logger: Logger,
    private readonly output: Output,
  ) {}

  /** Creates a logger on standard output. Reports lost lines on standard error. */
  static async open(options: { readonly level: string; readonly production: boolean }): Promise<PinoLogger> {
    const base = { level: options.level, timestamp: pino.stdTimeFunctions.isoTime };
    const errors = new Output(2);
    const output = new Output(1, {
      onLoss: (code) =>
        errors.write(`Standard output cannot be written (${code}). Log lines are lost until it can.\n`),
      onRestored: (lost) => logger.error(`${lost} log lines were lost.`, 'PinoLogger'),
    });
    const format = options.production ? (line: string) => line : await prettyFormat();
    const logger = new PinoLogger(pino(base, { write: (line) => output.write(format(line)) }), output);
    process.once('exit', () => {
      const lost = output.flush(LAST_LINES);
      if (lost > 0) errors.write(`${lost} log lines were lost.\n`);
    });
    return logger;
  }

  /** Prints text for people that is not a log entry, such as the URL of the server. */
  print(text: string): void {
    this.output.write(`${text}\n`);
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

  /** Nest passes the message, an optional stack, and the context last. */
  #write(severity: pino.Level, message: unknown, rest: readonly unknown[]): void {
    const context = String(rest.at(-1));
    const level = FRAMEWORK.has(context) ? 'debug' : severity;
    const stack = rest.length > 1 ? { stack: rest[0] } : {};
    if (message instanceof Error) this.logger[level]({ context, err: message });
    else if (typeof message === 'object') this.logger[level]({ context, ...message });
    else this.logger[level]({ context, ...stack }, String(message));
  }
}

async function prettyFormat(): Promise<(line: string) => string> {
  const { default: pretty } = await import('pino-pretty');
  return pretty.prettyFactory({ singleLine: true, ignore: 'pid,hostname' });
}
