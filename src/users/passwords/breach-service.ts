import { createHash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { DomainError } from '../../common/domain-error.js';

const DEADLINE = 2000;
const PREFIX_LENGTH = 5;

/** A real answer has about a thousand lines. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** How many questions may be under way, as each keeps a connection and an answer. */
const MAX_QUESTIONS = 50;

const ANSWER_LINE = /^([0-9A-F]{35}):(\d+)$/i;

/**
 * Asks a service of the kind of Have I Been Pwned's whether a password is known from a breach. It learns five hexadecimal
 * digits of its SHA-1, which about a thousand known passwords share, and nothing else.
 */
export class BreachService {
  readonly #logger = new Logger('Passwords');
  #questions = 0;

  constructor(
    private readonly url: string,
    private readonly deadline = DEADLINE,
  ) {}

  /**
   * Whether the service knows the password; false, with a warning in the log, where it does not answer in time or in kind.
   * `busy` where it has too many questions already.
   */
  async knows(password: string): Promise<boolean> {
    const digest = createHash('sha1').update(password.normalize('NFC')).digest('hex').toUpperCase();
    if (this.#questions >= MAX_QUESTIONS) throw new DomainError('busy');
    this.#questions += 1;
    try {
      const counts = await this.#ask(digest.slice(0, PREFIX_LENGTH));
      return (counts.get(digest.slice(PREFIX_LENGTH)) ?? 0) > 0;
    } catch (error) {
      this.#logger.warn(
        `PASSWORD_BREACH_URL could not be asked, so a new password was not looked up in it: ${reasonOf(error)}`,
      );
      return false;
    } finally {
      this.#questions -= 1;
    }
  }

  async #ask(prefix: string): Promise<Map<string, number>> {
    const response = await fetch(`${this.url}/${prefix}`, {
      // Padding hides from who sees the length alone which answer it is; its lines count 0.
      headers: { 'Add-Padding': 'true', 'User-Agent': 'coatcheck' },
      redirect: 'error',
      signal: AbortSignal.timeout(this.deadline),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`status ${response.status}`);
    }
    const lines = (await readText(response)).split(/\r?\n/).filter((line) => line !== '');
    return new Map(lines.map(readLine));
  }
}

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readLine(line: string): [suffix: string, count: number] {
  const [, suffix = '', count = ''] = ANSWER_LINE.exec(line) ?? [];
  if (suffix === '') throw new Error('the answer is not that of a range search for breached passwords');
  return [suffix.toUpperCase(), Number(count)];
}

/** Without what the service sent; `fetch` says what went wrong in the cause alone. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
