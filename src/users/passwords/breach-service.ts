import { createHash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { DomainError } from '../../common/domain-error.js';

const DEADLINE = 2000;
const PREFIX_LENGTH = 5;

/** A real response has about a thousand lines. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** How many queries may run at a time, because each needs a connection and memory. */
const MAX_QUERIES = 50;

const ANSWER_LINE = /^([0-9A-F]{35}):(\d+)$/i;

/**
 * Queries a service like Have I Been Pwned for a password. The service gets only the first five hexadecimal digits of its
 * SHA-1, which about a thousand known passwords share.
 */
export class BreachService {
  readonly #logger = new Logger('Passwords');
  #queries = 0;

  constructor(
    private readonly url: string,
    private readonly deadline = DEADLINE,
  ) {}

  /**
   * Whether the service knows the password. False, with a warning in the log, if it gives no valid response in time. Throws
   * `busy` if too many queries are running.
   */
  async knows(password: string): Promise<boolean> {
    const digest = createHash('sha1').update(password.normalize('NFC')).digest('hex').toUpperCase();
    if (this.#queries >= MAX_QUERIES) throw new DomainError('busy');
    this.#queries += 1;
    try {
      const counts = await this.#query(digest.slice(0, PREFIX_LENGTH));
      return (counts.get(digest.slice(PREFIX_LENGTH)) ?? 0) > 0;
    } catch (error) {
      this.#logger.warn(
        `PASSWORD_BREACH_URL could not be asked, so a new password was not looked up in it: ${reasonOf(error)}`,
      );
      return false;
    } finally {
      this.#queries -= 1;
    }
  }

  async #query(prefix: string): Promise<Map<string, number>> {
    const response = await fetch(`${this.url}/${prefix}`, {
      // Padding adds lines with the count 0, so that the length of the response does not reveal the prefix.
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

/** The reason of an error, without the response. `fetch` gives the reason only in `cause`. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
